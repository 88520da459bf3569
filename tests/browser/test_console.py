"""A newcomer at the console: registers, recognises, corrects, merges, deletes; with a camera; with a key."""

import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import Observed, chromium_path, observe
from tests.browser.console import SLOW_MS, Console, film, photo
from tests.e2e.service import Service


def as_a_newcomer(
    service: Service, console: Console, ada: list[Path], grace: list[Path], stranger: Path
) -> None:
    """From the first registration to the deletion of a person."""
    page = console.page
    expect(page.get_by_role("heading", name="Nobody is registered yet")).to_be_visible(timeout=SLOW_MS)
    console.take("empty")

    console.choose(ada[0])
    console.says("Nobody is registered yet.")
    console.register("Ada")
    console.says("This is Ada.")
    console.choose(ada[1])
    console.says("This is Ada.")
    console.take("match")
    console.choose(stranger)
    console.says("Nobody who is registered.")
    console.take("unknown")

    # By mistake, Grace's face is registered for Ada.
    console.choose(grace[0])
    console.says("Nobody who is registered.")
    console.register("Ada")
    console.says("This is Ada.")
    # In another photo she is taken for Ada, which is corrected twice: this is Grace, and the stored face is hers.
    console.choose(grace[1])
    console.says("This is Ada.")
    page.get_by_text("This is wrong").click()
    page.get_by_label("This is ...").fill("Grace")
    page.get_by_role("button", name="Register for this person").click()
    console.says("This is Grace.")
    console.choose(grace[0])
    console.says("This is Ada.")
    page.get_by_text("This is wrong").click()
    page.get_by_label("is really of ...").fill("Grace")
    console.take("correct")
    page.get_by_role("button", name="Move that face").click()
    console.says("This is Grace.")

    # Ada under another name is found by the gallery check, and merged.
    answer = service.register("Ada L.", ada[2].read_bytes(), on_conflict="allow")
    assert answer.status_code == 200, answer.text
    console.go("Gallery check")
    page.get_by_role("button", name="Check this collection").click()
    expect(page.get_by_text("People who look like the same person")).to_be_visible(timeout=SLOW_MS)
    console.take("check")
    page.get_by_role("button", name="Merge into Ada", exact=True).click()
    console.confirm("Merge")
    console.status("Ada L. is now part of Ada.")

    console.go("People")
    expect(page.get_by_role("link", name="Ada")).to_have_count(1)
    console.take("people")
    page.get_by_role("link", name="Grace").click()
    page.get_by_role("button", name="Delete Grace").click()
    console.take("delete", whole=False)
    console.confirm("Delete for good")
    console.status("Grace is deleted.")
    expect(page.get_by_role("link", name="Grace")).to_have_count(0)


def test_a_newcomer_without_a_key(
    service: Service, console: Console, observed: Observed, ada: list[Path], grace: list[Path], stranger: Path
) -> None:
    console.open()
    as_a_newcomer(service, console, ada, grace, stranger)
    assert observed.console == []
    assert observed.to_other_hosts(console.address) == []


class TestWithAKey:
    @pytest.fixture
    def service(self, tmp_path: Path) -> Iterator[Service]:
        """Its own: whoever has no key is refused there from then on."""
        with Service(tmp_path, {"FACE_DATABASE_URL": "memory"}) as service:
            yield service

    def test_a_newcomer(
        self,
        service: Service,
        console: Console,
        observed: Observed,
        ada: list[Path],
        grace: list[Path],
        stranger: Path,
    ) -> None:
        body = {"name": "operator", "scopes": ["admin"]}
        secret = service.client.post("/api/key", json=body).json()["data"]["secret"]
        while httpx.get(f"{console.address}/api/model", timeout=60).status_code != httpx.codes.UNAUTHORIZED:
            time.sleep(0.1)  # that there are keys is noticed within a second
        service.client.headers["X-API-Key"] = secret
        console.open()
        dialog = console.page.get_by_role("dialog", name="This service needs an API key")
        dialog.get_by_label("API key").fill("face_wrong")
        dialog.get_by_role("button", name="Use this key").click()
        expect(dialog.get_by_role("alert")).to_be_visible()
        console.take("key", whole=False)
        assert console.violations() == []
        dialog.get_by_label("API key").fill(secret)
        dialog.get_by_role("button", name="Use this key").click()
        as_a_newcomer(service, console, ada, grace, stranger)

        # The browser tells of the requests that were refused, and of nothing else.
        assert [line for line in observed.console if "401 (Unauthorized)" not in line] == []
        assert observed.to_other_hosts(console.address) == []
        assert console.page.evaluate("localStorage.length") == 0
        other = console.page.context.new_page()
        other.goto(f"{console.address}/console")
        expect(other.get_by_role("dialog")).to_be_visible()  # the key is this tab's alone


def test_a_camera(
    service: Service, browser: Browser, request: pytest.FixtureRequest, tmp_path: Path, ada: list[Path]
) -> None:
    camera = film(ada[0], tmp_path)
    arguments = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    ]
    filming = browser.browser_type.launch(executable_path=chromium_path(), args=arguments)
    page = filming.new_page()
    observed = observe(page)
    console = Console(page, f"http://127.0.0.1:{service.port}", Path(request.config.cache.mkdir("console")))
    console.open()
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_text("In the picture: Unknown")).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("button", name="Stop here and register or correct").click()
    console.says("Nobody is registered yet.")
    console.register("Ada")
    console.says("This is Ada.")
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_text("In the picture: Ada")).to_be_visible(timeout=SLOW_MS)
    console.take("camera")
    # It is turned off with the page.
    page.evaluate("window.track = document.querySelector('video').srcObject.getTracks()[0]")
    console.go("People")
    assert page.evaluate("window.track.readyState") == "ended"
    assert observed.console == []
    assert observed.to_other_hosts(console.address) == []
    filming.close()


@pytest.mark.parametrize("source", ["folder", "zip"])
def test_many_photos_of_a_folder_or_a_zip(
    console: Console, observed: Observed, ada: list[Path], tmp_path: Path, source: str
) -> None:
    folder, archive = tmp_path / "photos", tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in (
            ("Ada/1.jpg", ada[0].read_bytes()),
            ("Ada/later/2.jpg", ada[1].read_bytes()),
            ("Bad/1.jpg", b"no photo"),
            ("Bad/notes.txt", b"no photo"),
        ):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
            file.writestr(name, data)
    console.open("many")
    page = console.page
    pickers = page.locator("console-many input[type=file]")
    if source == "zip":
        pickers.last.set_input_files(ada[0])
        expect(page.get_by_text("is not a zip file")).to_be_visible()
        pickers.last.set_input_files(archive)
    else:
        pickers.first.set_input_files(folder)
    expect(page.get_by_role("heading", name="3 photos of 2 people")).to_be_visible()
    page.get_by_role("button", name="Register them").click()
    expect(page.get_by_text("Done: 2 registered, 1 refused, of 3.")).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_text("Bad/1.jpg")).to_be_visible()
    console.take("many")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the report").click()
    report = json.loads(Path(download.value.path()).read_text())
    assert [(each["person"], each["result"], each.get("code")) for each in report] == [
        ("Ada", "registered", None),
        ("Ada", "registered", None),
        ("Bad", "refused", "invalid_image"),
    ]
    # The browser tells of the photo that was refused.
    assert [line for line in observed.console if "422 (Unprocessable Entity)" not in line] == []


def test_one_face_of_several_is_registered_under_a_name_with_markup(
    service: Service, console: Console, observed: Observed, lfw: Path
) -> None:
    name = "<img src=x onerror=alert(1)>"
    console.open()
    console.choose(photo(lfw, "Angela_Bassett", 3))
    page = console.page
    expect(page.get_by_role("button", name="Face 2: Unknown")).to_be_visible(timeout=SLOW_MS)
    console.take("several")
    first = page.get_by_role("region", name="Face 1")
    first.get_by_label("Who is this?").fill(name)
    first.get_by_role("button", name="Register", exact=True).click()
    expect(page.get_by_role("heading", name=f"This is {name}.")).to_have_count(1, timeout=SLOW_MS)
    console.go("People")
    expect(page.get_by_role("link", name=name)).to_be_visible()
    assert page.locator("main img").count() == 0
    assert observed.console == []
    assert len(service.client.get("/api/face").json()["data"]) == 1


def test_two_photos_are_compared(
    console: Console, observed: Observed, ada: list[Path], stranger: Path
) -> None:
    console.open("compare")
    first, second = console.page.locator("console-compare input[type=file]").all()
    first.set_input_files(ada[0])
    second.set_input_files(ada[1])
    console.says("The same person.")
    second.set_input_files(stranger)
    console.says("Different people.")
    console.take("compare")
    assert observed.console == []
