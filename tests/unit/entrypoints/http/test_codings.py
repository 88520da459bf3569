"""Bodies that are encoded or put together in other ways than browsers do it."""

import gzip
import zlib

import httpx
import pytest

from tests.unit.entrypoints.http.test_unknown_parameters import FORM

DETECT = "/api/face/detect"
PART = b'Content-Disposition: form-data; name="image"; filename="a.png"'


def form(head: bytes, content: bytes) -> bytes:
    return b"--cut\r\n" + head + b"\r\n\r\n" + content + b"\r\n--cut--\r\n"


async def sent(client: httpx.AsyncClient, content: bytes, **headers: str) -> httpx.Response:
    kind = {"content-type": "multipart/form-data; boundary=cut"}
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(DETECT, content=content, headers=kind | more)


@pytest.mark.parametrize(
    "headers",
    [
        {"content_encoding": "gzip"},
        {"content_encoding": "X-GZip"},
        {"content_encoding": "br"},
        {"content_encoding": "identity, zstd"},
        {"content_encoding": "nonsense"},
        {"transfer_encoding": "gzip, chunked"},
    ],
    ids=str,
)
async def test_a_body_that_is_encoded_is_refused_as_that(
    client: httpx.AsyncClient, astronaut: bytes, headers: dict[str, str]
) -> None:
    for content in (form(PART, astronaut), gzip.compress(form(PART, astronaut))):
        answer = await sent(client, content, **headers)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
        assert "Content-Encoding" in answer.json()["detail"]
        assert answer.headers["accept-encoding"] == "identity"


async def test_json_that_is_compressed_is_refused_as_that(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json", "content-encoding": "deflate"}
    answer = await client.post("/api/profile", content=zlib.compress(b'{"name": "Ada"}'), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("coding", ["", "identity", "Identity, identity", " "])
async def test_a_body_that_is_not_encoded_may_say_so(
    client: httpx.AsyncClient, astronaut: bytes, coding: str
) -> None:
    answer = await sent(client, form(PART, astronaut), content_encoding=coding)
    assert answer.status_code == 200


async def test_without_a_body_there_is_nothing_to_decode(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/face", headers={"content-encoding": "gzip"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "head",
    [
        b'Content-Disposition: form-data;\tname="image";\tfilename="a\tb.png"',
        b'Content-Disposition:\tform-data ;\t name="image"',
        b'Content-Disposition: form-data;\r\n\tname="image"',
    ],
)
async def test_tabs_are_blanks(client: httpx.AsyncClient, astronaut: bytes, head: bytes) -> None:
    answer = await sent(client, form(head, astronaut), content_type="multipart/form-data;\tboundary=cut")
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("head", [b"filename=a.png", b'name=""', b"name*=UTF-8''image"])
async def test_a_part_without_a_name_is_refused_as_that(client: httpx.AsyncClient, head: bytes) -> None:
    answer = await sent(client, form(b"Content-Disposition: form-data; " + head, b"photo"))
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
    assert answer.json()["detail"] == "A name that is empty: there is no such field in the form."


async def test_a_parameter_without_a_name_is_refused_as_that(client: httpx.AsyncClient) -> None:
    in_form = await client.post("/api/face/1/move", content=b"=1", headers=FORM)
    for answer in (await client.get("/api/face?=1"), in_form):
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
        assert answer.json()["detail"].startswith("A name that is empty: there is no such")


async def test_no_json_is_refused_as_that(client: httpx.AsyncClient) -> None:
    for nothing in (b"", b" \r\n"):
        answer = await client.post(
            "/api/profile", content=nothing, headers={"content-type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
        assert answer.json()["detail"] == "The request has no body: send a JSON object."
