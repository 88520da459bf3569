"""What a page of another site can do to a service without keys, in the browser of its user: nothing."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.sites import another_site
from tests.e2e.service import Service

SECRET = "Ada Lovelace"
FRIEND = "friend.example"


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    with another_site() as port:
        yield port


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, site: int, astronaut: bytes) -> Iterator[Service]:
    """A service with a person, which one other origin may use."""
    settings = {"FACE_DATABASE_URL": "memory", "FACE_CORS_ORIGINS": f"http://{FRIEND}:{site}"}
    with Service(tmp_path_factory.mktemp("sites"), settings) as service:
        service.register(SECRET, astronaut).raise_for_status()
        yield service


@pytest.fixture(params=["127.0.0.1", "localhost", "evil.example"])
def evil(request: pytest.FixtureRequest, page: Page, site: int) -> Page:
    """A page of another port, of another name of this machine, and of another host."""
    page.goto(f"http://{request.param}:{site}/")
    return page


def everything(service: Service) -> Any:
    """All that requests could change."""
    return [
        service.client.get(path).json()["data"]
        for path in ("/api/collection", "/api/profile", "/api/face", "/api/key")
    ]


def refusals(service: Service) -> int:
    """How many requests the service has refused so far, by its log."""
    return service.log.read_text().count(" 403 ")


def wait_for_a_refusal(service: Service, before: int) -> None:
    """Until the log has one more than `before`: the browser may lose an answer that came before its body was sent."""
    deadline = time.monotonic() + 120
    while refusals(service) == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def read(page: Page, address: str, options: dict[str, object] | None = None) -> str:
    """What a page's script can read of an answer: its status and text, or `failed`."""
    text: str = page.evaluate(
        """async ([address, options]) => {
            try {
                const answer = await fetch(address, options);
                return `${answer.status} ${await answer.text()}`;
            } catch (error) { return 'failed'; }
        }""",
        [address, options or {}],
    )
    return text


PATHS = ("/api/profile", "/api/face", "/api/collection", "/api/model", "/health/ready", "/openapi.json", "/")


def test_reads_nothing(evil: Page, service: Service) -> None:
    for path in PATHS:
        address = f"{service.client.base_url}{path}"
        assert read(evil, address) == "failed", path
        assert read(evil, address, {"mode": "no-cors"}) in {"0 ", "failed"}, path
        assert read(evil, address, {"headers": {"X-API-Key": "face_x"}}) == "failed", path


@pytest.mark.parametrize("tag", ["img", "script", "link", "video", "object", "embed"])
def test_cannot_tell_what_is_there_by_loading_it(evil: Page, service: Service, tag: str) -> None:
    """A person that is there and one that isn't: neither event, nor size, nor duration's record differs."""
    outcomes = [
        evil.evaluate(
            """([tag, address]) => new Promise(resolve => {
                const element = document.createElement(tag);
                if (tag === 'link') element.rel = 'stylesheet';
                element.onload = () => resolve('load'); element.onerror = () => resolve('error');
                element[{link: 'href', object: 'data'}[tag] ?? 'src'] = address;
                document.body.append(element);
                setTimeout(() => resolve('nothing'), 60000);
            })""",
            [tag, f"{service.client.base_url}/api/profile/{number}"],
        )
        for number in (1, 999)
    ]
    assert outcomes[0] == outcomes[1]
    if tag in {"img", "script", "link"}:
        assert outcomes == ["error", "error"]


def test_frames_show_nothing(evil: Page, service: Service) -> None:
    """Not even the documentation, which somebody could be made to click on."""
    evil.evaluate(
        "address => new Promise(done => { const f = document.querySelector('iframe');"
        " f.onload = done; f.src = address; })",
        f"{service.client.base_url}/",
    )
    deadline = time.monotonic() + 120
    while not evil.frames[1].url.startswith("chrome-error:"):
        assert time.monotonic() < deadline, evil.frames[1].url
        evil.wait_for_timeout(50)


CHANGES = (
    ("POST", "/api/profile?name=Eve"),
    ("POST", "/api/profile"),
    ("POST", "/api/collection"),
    ("POST", "/api/key"),
    ("POST", "/api/key/1/rotate"),
    ("POST", "/api/profile/1/merge?into=1"),
    ("POST", "/api/face/1/move?into=1"),
    ("PATCH", "/api/profile/1"),
    ("DELETE", "/api/profile/1"),
    ("DELETE", "/api/face/1"),
    ("DELETE", "/api/collection/default"),
)
BODIES = {
    "text/plain": '{"name": "Eve"}',
    "application/x-www-form-urlencoded": "name=Eve",
    "application/json": '{"name": "Eve", "scopes": ["admin"]}',
}


@pytest.mark.parametrize("media_type", BODIES)
@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_changes_nothing_by_fetch(evil: Page, service: Service, mode: str, media_type: str) -> None:
    before = everything(service)
    for method, path in CHANGES:
        options: dict[str, object] = {"method": method, "mode": mode, "headers": {"Content-Type": media_type}}
        if method != "DELETE":
            options["body"] = BODIES[media_type]
        answer = read(evil, f"{service.client.base_url}{path}", options)
        assert answer in {"0 ", "failed"}, (method, path)
    assert everything(service) == before


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"])
def test_changes_nothing_by_forms(evil: Page, service: Service, kind: str, astronaut: bytes) -> None:
    """A form may send a file too; here a script puts it in, as a page can."""
    before = everything(service)
    for path in ("/api/face/register?name=Eve", "/api/profile", "/api/collection"):
        refused = refusals(service)
        evil.evaluate(
            """([address, kind, photo]) => {
                // A frame for each form: a frame that is still showing one answer may drop the next form.
                const sink = document.createElement('iframe');
                sink.name = `sink-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
                const form = document.createElement('form');
                Object.assign(form, {method: 'POST', action: address, enctype: kind, target: sink.name});
                const name = document.createElement('input');
                Object.assign(name, {name: 'name', value: 'Eve'});
                const image = document.createElement('input');
                Object.assign(image, {type: 'file', name: 'image'});
                const files = new DataTransfer();
                const bytes = Uint8Array.from(atob(photo), c => c.charCodeAt(0));
                files.items.add(new File([bytes], 'a.png', {type: 'image/png'}));
                image.files = files.files;
                form.append(name, image);
                document.body.append(sink, form);
                form.submit();
            }""",
            [f"{service.client.base_url}{path}", kind, base64.b64encode(astronaut).decode()],
        )
        wait_for_a_refusal(service, refused)
    assert everything(service) == before


def test_changes_nothing_by_beacons(evil: Page, service: Service) -> None:
    before = everything(service)
    refused = refusals(service)
    evil.evaluate(
        "address => navigator.sendBeacon(address, new URLSearchParams({name: 'Eve'}))",
        f"{service.client.base_url}/api/profile?name=Eve",
    )
    wait_for_a_refusal(service, refused)
    assert everything(service) == before


def test_there_is_no_web_socket(evil: Page, service: Service) -> None:
    for path in ("/", "/api/face"):
        outcome = evil.evaluate(
            "address => new Promise(done => { const s = new WebSocket(address);"
            " s.onopen = () => done('open'); s.onerror = () => done('error'); })",
            f"ws://127.0.0.1:{service.port}{path}",
        )
        assert outcome == "error"


def test_a_page_that_opens_the_service_reads_nothing_of_it(evil: Page, service: Service) -> None:
    with evil.context.expect_page() as opened:
        evil.evaluate(
            "address => { window.other = window.open(address); }", f"{service.client.base_url}/api/profile"
        )
    opened.value.wait_for_load_state()
    assert SECRET in opened.value.content()
    with pytest.raises(Exception, match="cross-origin"):
        evil.evaluate("window.other.document.body.textContent")


def test_a_host_name_that_was_rebound_to_this_machine_is_refused(page: Page, service: Service) -> None:
    """DNS rebinding: for the browser it is one origin, so that nothing but the Host header gives it away."""
    for path in (*PATHS, "/api/profile/1"):
        answer = page.goto(f"http://rebound.example:{service.port}{path}")
        assert answer is not None
        assert answer.status == 403, path
        assert SECRET not in page.content()
    before = everything(service)
    for method, target in (("POST", "/api/profile?name=Eve"), ("DELETE", "/api/profile/1")):
        assert read(page, target, {"method": method}).startswith(("403 ", "failed"))
    assert everything(service) == before


def test_an_origin_that_the_operator_names_may_read_and_change(
    page: Page, service: Service, site: int
) -> None:
    page.goto(f"http://{FRIEND}:{site}/")
    base = str(service.client.base_url)
    assert SECRET in read(page, f"{base}/api/profile")
    options: dict[str, object] = {
        "method": "POST",
        "headers": {"Content-Type": "application/json"},
        "body": '{"name": "Grace"}',
    }
    status, _, text = read(page, f"{base}/api/profile", options).partition(" ")
    assert status == "200", text
    number = json.loads(text)["data"]["id"]
    assert read(page, f"{base}/api/profile/{number}", {"method": "DELETE"}).startswith("200 ")
