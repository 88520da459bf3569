"""Each section of the console: by everybody, on any screen."""

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from entrypoints.cli.demo import DRAWINGS
from tests.browser.chromium import Observed
from tests.browser.console import SECTIONS, SLOW_MS, Console
from tests.e2e.service import Service


class TestLoad:
    @pytest.fixture
    def service(self, tmp_path: Path) -> Iterator[Service]:
        """One that has counted nothing yet."""
        with Service(tmp_path, {"FACE_DATABASE_URL": "memory"}) as service:
            yield service

    def test_the_system_shows_load_latencies_and_errors(
        self, service: Service, console: Console, observed: Observed, ada: list[Path]
    ) -> None:
        service.register("Ada", ada[0].read_bytes())
        service.recognize(ada[1].read_bytes())
        assert service.recognize(b"no photo").json()["code"] == "invalid_image"
        console.open("system")
        load = console.card("Load")
        # Two faces, one of them perhaps estimated before.
        embed = load.get_by_role("row", name=re.compile(r"\(embed\) [23] "))
        expect(embed).to_be_visible(timeout=SLOW_MS)
        expect(load.get_by_role("row", name="invalid_image")).to_contain_text("1")
        expect(load).to_contain_text("MiB in 1 process")
        service.recognize(b"no photo")
        load.get_by_role("button", name="Read again").click()
        expect(load.get_by_role("row", name="invalid_image")).to_contain_text("2")
        assert observed.console == []


def test_the_picture_of_the_readme(
    service: Service, console: Console, observed: Observed, tmp_path: Path
) -> None:
    """Drawn faces, two who are registered and one who isn't: `docs/pictures/console.png` is made of it."""
    people = [DRAWINGS / "people" / f"{name}.webp" for name in ("Noor", "Kim", "Robin")]
    for drawing in people:
        service.register(drawing.stem, drawing.read_bytes()).raise_for_status()
    pictures = [cv2.imread(str(path)) for path in (people[0], DRAWINGS / "stranger.webp", people[1])]
    group = tmp_path / "group.png"
    cv2.imwrite(str(group), np.hstack([picture[::2, ::2] for picture in pictures if picture is not None]))
    console.page.set_viewport_size({"width": 1200, "height": 700})
    console.open()
    console.choose(group)
    for sentence in ("This is Noor.", "This is Kim.", "Nobody who is registered."):
        console.says(sentence)
    console.take("readme", whole=False)
    assert observed.console == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 1200), ("light", 390)])
def test_every_section_can_be_used_by_everybody(
    service: Service, console: Console, observed: Observed, ada: list[Path], scheme: str, width: int
) -> None:
    registered = service.register("Ada", ada[0].read_bytes()).json()["data"]
    service.register(f"Ada {'x' * 190}", ada[1].read_bytes(), on_conflict="allow")
    page = console.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 844})
    console.open()
    for section in (*SECTIONS, f"people/{registered['profile_id']}"):
        page.evaluate(f"location.hash = '#{section}'")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if section == "recognise":
            console.choose(ada[2])
            expect(page.locator("section.card").first).to_be_visible(timeout=SLOW_MS)
            page.get_by_text("Others who were near").or_(page.get_by_text("This is wrong")).first.click()
        if section == "check":
            page.get_by_role("button", name="Check this collection").click()
            expect(page.get_by_text("Similarity").first).to_be_visible(timeout=SLOW_MS)
        if section == "system":
            expect(page.get_by_role("heading", name="API keys")).to_be_visible(timeout=SLOW_MS)
            expect(page.get_by_text("Reading ...")).to_have_count(0)
        page.wait_for_load_state("networkidle")
        console.take(f"{section.partition('/')[0]}-{'one-' * ('/' in section)}{scheme}-{width}")
        assert console.violations() == [], section
        assert page.evaluate("document.documentElement.scrollWidth") <= width, section
    assert observed.console == []
