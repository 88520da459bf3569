from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import WAIT_MS, Observed, chromium, observe


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
