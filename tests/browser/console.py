"""The console as a person uses it."""

from dataclasses import dataclass
from pathlib import Path

import cv2
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

SECTIONS = ("recognise", "people", "compare", "many", "check", "system")
SERIOUS = {"serious", "critical"}
SLOW_MS = 60_000
"""Photos are analysed beside whatever else the machine does."""


@dataclass
class Console:
    """A page of the console."""

    page: Page
    address: str
    pictures: Path
    """Where screenshots go."""

    def open(self, section: str = "recognise") -> None:
        self.page.goto(f"{self.address}/console#{section}")

    def go(self, section: str) -> None:
        """By the navigation."""
        self.page.get_by_role("navigation").get_by_role("link", name=section, exact=True).click()

    def choose(self, photo: Path) -> None:
        """A photo, and wait until it is shown: what was said of the photo before is gone then."""
        self.page.locator("console-recognise input[type=file]").set_input_files(photo)
        expect(self.page.get_by_role("img", name=f"The photo {photo.name}")).to_be_visible(timeout=SLOW_MS)

    def says(self, sentence: str) -> None:
        """Wait until a face is described by this sentence."""
        expect(self.page.get_by_role("heading", name=sentence)).to_be_visible(timeout=SLOW_MS)

    def register(self, name: str) -> None:
        """The unknown face that is shown."""
        self.page.get_by_label("Who is this?").fill(name)
        self.page.get_by_role("button", name="Register", exact=True).click()

    def status(self, text: str) -> None:
        expect(self.page.locator("#status")).to_contain_text(text, timeout=SLOW_MS)

    def confirm(self, label: str) -> None:
        self.page.get_by_role("dialog").get_by_role("button", name=label).click()

    def card(self, title: str) -> Locator:
        return self.page.locator("section.card").filter(has=self.page.get_by_role("heading", name=title))

    def take(self, name: str, *, whole: bool = True) -> None:
        """A screenshot of the whole page, or of what is in the window, for whoever looks at the test's output."""
        self.page.screenshot(path=self.pictures / f"{name}.png", full_page=whole)

    def violations(self) -> list[str]:
        """What is seriously wrong for people who use a screen reader, a keyboard or little contrast."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{each['id']}: {node['html'][:200]}"
            for each in found
            if each["impact"] in SERIOUS
            for node in each["nodes"]
        ]


def photo(lfw: Path, person: str, number: int) -> Path:
    """One of Labeled Faces in the Wild."""
    return lfw / "images" / person / f"{person}_{number:04}.jpg"


def film(photo: Path, folder: Path) -> Path:
    """A film for Chromium's fake camera: one photo, in the format YUV4MPEG2."""
    picture = cv2.imread(str(photo))
    assert picture is not None
    picture = cv2.resize(picture, (480, 480))
    frame = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes()
    path = folder / "camera.y4m"
    path.write_bytes(b"YUV4MPEG2 W480 H480 F10:1 Ip A1:1 C420jpeg\n" + 10 * (b"FRAME\n" + frame))
    return path
