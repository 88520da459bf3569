from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import WAIT_MS, Observed, chromium, observe
from tests.browser.console import Console, photo
from tests.e2e.service import Service


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A browser for all tests of this package; it ends before tests of others begin, which may be asynchronous."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page of a profile of its own."""
    context = browser.new_context()
    context.set_default_timeout(WAIT_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def observed(page: Page) -> Observed:
    """What `page` says on its console, and whom it calls."""
    return observe(page)


@pytest.fixture(scope="package")
def shared_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("browser"), {"FACE_DATABASE_URL": "memory"}) as service:
        yield service


@pytest.fixture
def service(shared_service: Service) -> Service:
    """A service with nobody in it."""
    return shared_service.emptied()


@pytest.fixture
def console(service: Service, page: Page, request: pytest.FixtureRequest) -> Console:
    pictures = Path(request.config.cache.mkdir("console"))
    return Console(page, f"http://127.0.0.1:{service.port}", pictures)


@pytest.fixture
def ada(lfw: Path) -> list[Path]:
    return [photo(lfw, "Angela_Bassett", number) for number in (1, 2, 4)]


@pytest.fixture
def grace(lfw: Path) -> list[Path]:
    return [photo(lfw, "Amelia_Vega", number) for number in (1, 2)]


@pytest.fixture
def stranger(lfw: Path) -> Path:
    return photo(lfw, "Abel_Pacheco", 1)
