"""Text in requests: its bytes, its length, its depth, and one form for storing and looking up."""

import json
import time

import httpx
import pytest

from entrypoints.http.requests.text import MAX_JSON_BYTES, MAX_JSON_DEPTH, depth

NFC, NFD = "Zo\u00eb M\u00fcller", "Zoe\u0308 Mu\u0308ller"
LATIN_1 = "M%FCller"
JSON = {"content-type": "application/json"}
JPEG = b"\xff\xd8\xff"


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("POST", f"/api/face/register?name={LATIN_1}"),
        ("POST", f"/api/face/verify?name={LATIN_1}"),
        ("GET", f"/api/face?name={LATIN_1}"),
        ("GET", f"/api/profile?name={LATIN_1}"),
        ("GET", "/api/profile?metadata=%7B%22a%22:%22%FC%22%7D"),
        ("GET", "/api/profile?nam%FC=Ada"),
        ("GET", "/api/collection/%FC/calibration"),
    ],
)
async def test_an_address_that_is_not_utf8_is_refused(
    client: httpx.AsyncClient, method: str, address: str
) -> None:
    answer = await client.request(method, address)
    assert code(answer) == (422, "validation_error")
    assert "UTF-8" in answer.json()["detail"]


async def test_a_form_whose_text_is_not_utf8_is_refused(client: httpx.AsyncClient) -> None:
    for name, image in (("name", "image"), ("names", "images")):
        form = [(name, (None, b"M\xfcller")), (image, ("a.jpg", JPEG))]
        answer = await client.post("/api/face/register/batch", files=form)
        assert code(answer) == (422, "validation_error")
        assert "UTF-8" in answer.json()["detail"]


@pytest.mark.parametrize("body", [b'{"name": "M\xfcller"}', b'{"name": "a", "metadata": {"b": "\xfc"}}'])
async def test_json_that_is_not_utf8_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/api/profile", content=body, headers=JSON)
    assert code(answer) == (422, "validation_error")
    photo = await client.post("/api/face/detect", content=body.replace(b"name", b"image"), headers=JSON)
    assert photo.status_code == 422


@pytest.mark.parametrize("asked", [NFC, NFD, f"  {NFD} "])
async def test_a_name_is_looked_up_as_it_is_stored(client: httpx.AsyncClient, asked: str) -> None:
    created = await client.post("/api/profile", json={"name": f" {NFD}"})
    assert created.json()["data"]["name"] == NFC
    by_prefix = await client.get("/api/profile", params={"name": asked})
    assert [each["name"] for each in by_prefix.json()["data"]] == [NFC]
    beginning = await client.get("/api/profile", params={"name": NFD[:5]})
    assert [each["name"] for each in beginning.json()["data"]] == [NFC]
    taken = await client.post("/api/profile", json={"name": asked})
    assert code(taken) == (409, "name_taken")


async def test_a_name_that_nobody_can_have_is_refused_when_it_is_looked_up(client: httpx.AsyncClient) -> None:
    for address in ("/api/face", "/api/profile"):
        assert code(await client.get(address, params={"name": "x" * 2049})) == (422, "invalid_name")


@pytest.mark.parametrize("marks", [1_000, 15_000])
async def test_the_time_for_a_name_is_bounded(client: httpx.AsyncClient, marks: int) -> None:
    body = json.dumps({"name": "a" + "\u0301\u0323" * marks}, ensure_ascii=False)
    begun = time.thread_time()
    answer = await client.post("/api/profile", content=body, headers=JSON)
    assert code(answer) == (422, "invalid_name")
    assert time.thread_time() - begun < 0.25


@pytest.mark.parametrize(
    ("method", "address"),
    [("POST", "/api/profile"), ("PATCH", "/api/profile/1"), ("POST", "/api/collection")],
)
async def test_json_without_a_photo_has_a_limit_of_its_own(
    client: httpx.AsyncClient, method: str, address: str
) -> None:
    body = b'{"name": "' + b"a" * MAX_JSON_BYTES + b'"}'
    assert code(await client.request(method, address, content=body, headers=JSON)) == (413, "image_too_large")


@pytest.mark.parametrize("levels", [MAX_JSON_DEPTH, 900, 940, 975, 1_000, 15_000])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
async def test_json_that_is_nested_deeply_is_refused(
    client: httpx.AsyncClient, opening: str, levels: int
) -> None:
    closing = "]" if opening == "[" else "}"
    inner = opening * min(levels, 12_000) + "1" + closing * min(levels, 12_000)
    for address, body in (
        ("/api/profile", f'{{"name": "Ada", "metadata": {{"a": {inner}}}}}'),
        ("/api/profile", f'{{"name": {inner}}}'),
        ("/api/profile", inner),
        ("/api/collection", inner),
        ("/api/face/detect", f'{{"other": {inner}}}'),
        ("/api/face/recognize", f'{{"embedding": {inner}}}'),
        ("/api/face/register?name=Ada", inner),
    ):
        answer = await client.post(address, content=body, headers=JSON)
        assert 400 <= answer.status_code < 500, (address, answer.text)
    about = f'{{"a": {inner}}}'[:20_000]
    assert code(await client.get("/api/profile", params={"metadata": about})) == (422, "invalid_metadata")


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        (b"", 0),
        (b'{"a": [1, {"b": []}]}', 4),
        (b"[][][[]]", 2),
        (b'["[[[", "\\"[[[", "\\\\", ["]"]]', 2),
        (b'["' + b'\\"' * 30_000, 1),
    ],
)
def test_depth(text: bytes, levels: int) -> None:
    assert depth(text) == levels


@pytest.mark.parametrize(
    "metadata",
    [{"a": "x" * 2048}, {"a": [[]] * 100}, {str(number): 1 for number in range(101)}],
    ids=["long", "many elements", "many keys"],
)
async def test_a_filter_by_metadata_has_bounds(
    client: httpx.AsyncClient, metadata: dict[str, object]
) -> None:
    asked = {"metadata": json.dumps(metadata)}
    assert code(await client.get("/api/profile", params=asked)) == (422, "invalid_metadata")


async def test_a_filter_with_two_values_of_a_key(client: httpx.AsyncClient) -> None:
    for text in ('{"a": 1, "a": 2}', '{"a": {"b": 1, "b": 2}}'):
        asked = {"metadata": text}
        assert code(await client.get("/api/profile", params=asked)) == (422, "invalid_metadata")


async def test_a_usual_filter_by_metadata_finds_whom_it_is_of(client: httpx.AsyncClient) -> None:
    metadata = {"team": "red", "shifts": list(range(50))}
    await client.post("/api/profile", json={"name": "Ada", "metadata": metadata})
    answer = await client.get("/api/profile", params={"metadata": json.dumps(metadata)})
    assert [each["name"] for each in answer.json()["data"]] == ["Ada"]


@pytest.mark.parametrize(
    "address", ["register?name=Ada", "recognize", "search", "detect", "embed", "liveness"]
)
async def test_a_second_photo_of_the_same_field_is_an_error(client: httpx.AsyncClient, address: str) -> None:
    form = [("image", ("a.jpg", JPEG)), ("image", ("b.jpg", JPEG))]
    answer = await client.post(f"/api/face/{address}", files=form)
    assert code(answer) == (422, "validation_error")
    assert "several fields 'image'" in answer.json()["detail"]
    for second in (b"image", b"\\u0069mage"):
        body = b'{"image": "/9j/", "%b" : "/9j/"}' % second
        answer = await client.post(f"/api/face/{address}", content=body, headers=JSON)
        assert code(answer) == (422, "validation_error")
        assert "several fields 'image'" in answer.json()["detail"]


@pytest.mark.parametrize("address", ["verify", "verify?name=Ada", "verify/json", "verify/json?name=Ada"])
async def test_a_photo_that_would_not_be_looked_at_is_an_error(
    client: httpx.AsyncClient, address: str
) -> None:
    names = ("image", "image1", "image2")
    answer = await client.post(f"/api/face/{address}", files=[(name, ("a.jpg", JPEG)) for name in names])
    if "json" in address:
        answer = await client.post(f"/api/face/{address}", json=dict.fromkeys(names, "/9j/"))
    assert code(answer) == (422, "validation_error")
    assert "not beside" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        '{"name": "Ada", "name": "Bea"}',
        '{"name": "Ada", "n\\u0061me": "Bea"}',
        '{"name": "Ada", "metadata": {"team": "red", "team": "blue"}}',
    ],
)
async def test_a_key_that_json_has_twice_is_an_error(client: httpx.AsyncClient, body: str) -> None:
    for method, address in (("POST", "/api/profile"), ("PATCH", "/api/profile/1")):
        answer = await client.request(method, address, content=body, headers=JSON)
        assert code(answer) == (422, "validation_error")
        assert "The JSON object has several fields" in answer.json()["detail"]


async def test_a_parameter_that_is_sent_twice_is_refused(client: httpx.AsyncClient) -> None:
    for query in ("name=Ada&name=Bea", "limit=1&limit=1"):
        answer = await client.get(f"/api/profile?{query}")
        assert code(answer) == (422, "validation_error")
        assert "several times" in answer.json()["detail"]
    assert (await client.get("/api/profile?&&name=Ada&")).status_code == 200


async def test_a_number_that_is_null_is_refused(client: httpx.AsyncClient) -> None:
    for address in ("/api/face?profile_id=null", "/api/profile?after=NULL"):
        answer = await client.get(address)
        assert code(answer) == (422, "validation_error")
        assert "leave it out" in answer.json()["detail"]
    assert (await client.get("/api/profile?name=null")).status_code == 200, "a person may have this name"
