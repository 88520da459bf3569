"""Photos in requests, as the many programs that send them write them."""

import base64
import codecs
from collections.abc import Callable
from urllib.parse import quote

import httpx
import pytest

from tests.e2e.envelope import envelope, refusal
from tests.e2e.service import Service


def plain(photo: bytes) -> str:
    return base64.b64encode(photo).decode()


@pytest.mark.parametrize(
    "written",
    [
        plain,
        lambda photo: base64.encodebytes(photo).decode(),
        lambda photo: plain(photo).replace("A", "A\r\n"),
        lambda photo: plain(photo) + "\n",
        lambda photo: plain(photo).rstrip("="),
        lambda photo: base64.urlsafe_b64encode(photo).decode(),
        lambda photo: "data:image/png;base64," + plain(photo),
        lambda photo: "DATA:image/png;base64, " + plain(photo),
        lambda photo: "Data:image/png;base64,\n" + base64.encodebytes(photo).decode(),
        lambda photo: "\ufeff\n data:image/png;base64," + plain(photo),
        lambda photo: "data:image/png;base64," + quote(plain(photo), safe=""),
        lambda photo: quote(base64.encodebytes(photo), safe="").replace("%2B", "%2b"),
    ],
    ids=[
        *("plain", "lines", "CRLF", "newline", "no padding", "URL-safe", "URI", "capitals", "URI in lines"),
        *("URI after a mark", "URI in per cent", "per cent"),
    ],
)
def test_base64_as_it_is_written(service: Service, astronaut: bytes, written: Callable[[bytes], str]) -> None:
    answer = service.client.post("/api/face/detect", json={"image": written(astronaut)})
    assert len(envelope(answer)["data"]) == 1


def test_json_as_a_shell_writes_it(service: Service, astronaut: bytes) -> None:
    lines = base64.encodebytes(astronaut).replace(b"\n", b"\r\n")
    body = codecs.BOM_UTF8 + b'{\r\n\t"image": "' + lines + b'"}'
    answer = service.client.post(
        "/api/face/detect", content=body, headers={"content-type": "application/json"}
    )
    assert len(envelope(answer)["data"]) == 1


@pytest.mark.parametrize(
    "text",
    ["", "data:image/png;base64,", "data:", "a b c!", "\u00e9" * 8, "AAAAA", "data:," + "%41" * 100, "%zz"],
)
def test_what_is_no_base64_or_no_image_is_refused(service: Service, text: str) -> None:
    refusal(service.client.post("/api/face/detect", json={"image": text}), 422, "invalid_image")


def form(photo: bytes, *, name: bytes = b"image", file: bytes = b"photo.png") -> bytes:
    head = b'--cut\r\nContent-Disposition: form-data; name="' + name + b'"; filename="' + file + b'"\r\n\r\n'
    return head + photo + b"\r\n--cut--\r\n"


@pytest.mark.parametrize("file", [b"M\xfcller.png", b"\xff\xfe\x00.png", "Müller.png".encode(), b"\x81\x8d"])
def test_names_of_files_may_be_in_any_encoding(service: Service, astronaut: bytes, file: bytes) -> None:
    kind = {"content-type": "multipart/form-data; boundary=cut"}
    answer = service.client.post("/api/face/detect", content=form(astronaut, file=file), headers=kind)
    assert len(envelope(answer)["data"]) == 1


def test_names_of_fields_are_utf_8(service: Service, astronaut: bytes) -> None:
    kind = {"content-type": "multipart/form-data; boundary=cut"}
    answer = service.client.post("/api/face/detect", content=form(astronaut, name=b"im\xe4ge"), headers=kind)
    assert "not UTF-8" in refusal(answer, 422, "validation_error")


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary="])
def test_a_form_without_a_boundary(service: Service, astronaut: bytes, kind: str) -> None:
    answer = service.client.post("/api/face/detect", content=form(astronaut), headers={"content-type": kind})
    assert "boundary" in refusal(answer, 422, "validation_error")


@pytest.mark.parametrize("bad", ["image1", "image2"])
def test_verify_says_which_photo_has_no_face_or_is_damaged(
    service: Service, astronaut: bytes, landscape: bytes, bad: str
) -> None:
    photos = {"image1": astronaut, "image2": astronaut}
    for content, code in ((landscape, "no_face_detected"), (b"nothing", "invalid_image")):
        files = {name: ("photo", data) for name, data in {**photos, bad: content}.items()}
        answer = service.client.post("/api/face/verify", files=files)
        assert refusal(answer, 422, code).startswith(f"{bad}: ")
    body = {**{name: plain(data) for name, data in photos.items()}, bad: "!"}
    answer = service.client.post("/api/face/verify", json=body)
    assert refusal(answer, 422, "invalid_image").startswith(f"{bad}: ")


RAW = [
    "image/png",
    "image/jpeg; charset=binary",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    None,
]


@pytest.mark.parametrize("kind", RAW)
def test_a_body_may_be_the_photo_itself(service: Service, astronaut: bytes, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}

    def post(operation: str, **query: str) -> httpx.Response:
        address = f"/api/face/{operation}"
        return service.client.post(address, content=astronaut, headers=headers, params=query)

    assert envelope(post("register", name="Raw"))["data"]["name"] == "Raw"
    assert envelope(post("recognize"))["data"]["name"] == "Raw"
    assert envelope(post("verify", name="Raw"))["data"]["verdict"] == "match"
    for operation in ("detect", "embed", "search"):
        assert len(envelope(post(operation))["data"]) == 1


def test_a_body_that_is_no_photo_is_refused(service: Service) -> None:
    for content, headers, code in (
        (b"", {}, "validation_error"),
        (b"", {"content-type": "image/png"}, "validation_error"),
        (b"no photo", {"content-type": "image/png"}, "invalid_image"),
        (b"no photo", {"content-type": "text/plain"}, "validation_error"),
    ):
        refusal(service.client.post("/api/face/detect", content=content, headers=headers), 422, code)
    pair = service.client.post("/api/face/verify", content=b"photo", headers={"content-type": "image/png"})
    assert "image1" in refusal(pair, 422, "validation_error")


def test_json_has_addresses_of_its_own(service: Service, astronaut: bytes) -> None:
    body = {"image": plain(astronaut)}
    envelope(service.client.post("/api/face/register/json", params={"name": "Ada"}, json=body))
    for path in ("/api/face/recognize/json", "/api/face/recognize"):
        assert envelope(service.client.post(path, json=body))["data"]["name"] == "Ada"
