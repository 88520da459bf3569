"""Parameters in forms: as good as those in the query."""

from typing import Any

import httpx
import pytest

from tests.unit.entrypoints.http.test_unknown_parameters import FORM, refusal

REGISTER, RECOGNIZE, BATCH = "/api/face/register", "/api/face/recognize", "/api/face/register/batch"


@pytest.fixture
def photo(astronaut: bytes) -> dict[str, Any]:
    return {"image": ("a.png", astronaut)}


async def code(client: httpx.AsyncClient, address: str, **sent: Any) -> tuple[int, str]:
    answer = await client.post(address, **sent)
    return answer.status_code, answer.json().get("code", "")


async def test_everything_in_the_form(client: httpx.AsyncClient, photo: dict[str, Any]) -> None:
    await client.post("/api/collection", json={"name": "blue"})
    name = "Zo\u00eb & Co = 100 %+\n"[:-1]
    form = {"name": name, "collection": "blue", "faces": "largest", "quality": "true"}
    registered = await client.post(REGISTER, data=form, files=photo)
    assert registered.json()["data"]["name"] == name
    assert "quality" in registered.json()["data"]
    asked = {"collection": "blue", "threshold": "0.2", "top_k": "3"}
    found = await client.post(RECOGNIZE, data=asked, files=photo)
    assert found.json()["data"]["name"] == name
    assert await code(client, RECOGNIZE, files=photo) == (404, "no_match"), "the default collection is empty"
    half = await client.post(f"{RECOGNIZE}?collection=blue", data={"threshold": "0.2"}, files=photo)
    assert half.json()["data"]["name"] == name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("threshold", "2"),
        ("threshold", "x"),
        ("faces", "biggest"),
        ("top_k", "0"),
        ("top_k", "null"),
        ("min_face", "1"),
        ("collection", "NO"),
        ("metadata", "[1]"),
        ("liveness", "never"),
    ],
)
async def test_the_same_errors_as_in_the_query(
    client: httpx.AsyncClient, photo: dict[str, Any], field: str, value: str
) -> None:
    in_form = await client.post(RECOGNIZE, data={field: value}, files=photo)
    in_query = await client.post(RECOGNIZE, params={field: value}, files=photo)
    assert in_query.status_code == 422
    errors = [{**answer.json(), "timestamp": "any"} for answer in (in_form, in_query)]
    assert (in_form.status_code, errors[0]) == (in_query.status_code, errors[1])


async def test_in_both_places_is_an_error(client: httpx.AsyncClient, photo: dict[str, Any]) -> None:
    for address, names in ((f"{REGISTER}?name=Ada", ["Ada"]), (REGISTER, ["Ada", "Bea"])):
        detail = await refusal(client, "POST", address, files=photo, data={"name": names})
        assert detail == "name: it is sent several times."


async def test_text_in_a_form_is_utf8(client: httpx.AsyncClient, photo: dict[str, Any]) -> None:
    files = {"name": (None, b"M\xfcller"), **photo}
    assert "UTF-8" in await refusal(client, "POST", REGISTER, files=files)


async def test_parameters_in_a_form_have_the_bound_of_an_address(
    client: httpx.AsyncClient, photo: dict[str, Any]
) -> None:
    detail = await refusal(client, "POST", REGISTER, data={"name": "x" * 64_001}, files=photo)
    assert detail == "The parameters are longer than 64000 bytes."


async def test_the_name_of_a_batch_is_whose_image_follows(client: httpx.AsyncClient) -> None:
    await client.post("/api/collection", json={"name": "blue"})
    form = [
        ("name", "A"),
        ("image", "1"),
        ("collection", "blue"),
        ("name", "B"),
        ("faces", "largest"),
        ("image", "2"),
    ]
    answer = await client.post(BATCH, files=[(name, (None, text)) for name, text in form])
    assert [each["name"] for each in answer.json()["data"]] == ["A", "B"]
    form[2] = ("collection", "NO")
    wrong = await client.post(BATCH, files=[(name, (None, text)) for name, text in form])
    assert wrong.json()["code"] == "invalid_collection"


async def test_a_repeated_request_is_one_wherever_its_parameters_are(
    client: httpx.AsyncClient, photo: dict[str, Any]
) -> None:
    key = {"Idempotency-Key": "once"}
    first = await client.post(REGISTER, data={"name": "Ada"}, files=photo, headers=key)
    again = await client.post(f"{REGISTER}?name=Ada", files=photo, headers=key)
    assert first.json()["data"]["id"] == again.json()["data"]["id"]
    other = await client.post(REGISTER, data={"name": "Bea"}, files=photo, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("kind", ["multipart", "url-encoded"])
async def test_forms_of_operations_without_photos(client: httpx.AsyncClient, kind: str) -> None:
    ids = [(await client.post("/api/profile", json={"name": name})).json()["data"]["id"] for name in "ab"]
    form: dict[str, Any] = {"content": f"into={ids[1]}&collection=default", "headers": FORM}
    if kind == "multipart":
        form = {"files": {"into": (None, str(ids[1]))}}
    merged = await client.post(f"/api/profile/{ids[0]}/merge", **form)
    assert merged.json()["data"]["id"] == ids[1], merged.text


class TestKeys:
    """A key that is bound to a collection."""

    @pytest.fixture
    async def bound(self, client: httpx.AsyncClient) -> dict[str, str]:
        for name in ("blue", "green"):
            await client.post("/api/collection", json={"name": name})
        wanted = {"name": "door", "scopes": ["enrol", "recognize", "manage"], "collections": ["blue"]}
        answer = await client.post("/api/key", json=wanted)
        return {"X-API-Key": answer.json()["data"]["secret"]}

    @pytest.mark.parametrize("address", [REGISTER, RECOGNIZE, BATCH, "/api/face/search", "/api/face/verify"])
    async def test_other_collections_are_not_there(
        self, client: httpx.AsyncClient, bound: dict[str, str], address: str
    ) -> None:
        files = {"image": ("a.jpg", b"x")}
        for query, data in (
            ("", {"collection": "green"}),
            ("", {}),
            ("?collection=green", {}),
            ("?collection=blue", {"collection": "green"}),
            ("?collection=green", {"collection": "blue"}),
            ("", {"collection": ["blue", "green"]}),
        ):
            answer = await client.post(address + query, data=data, files=files, headers=bound)
            assert (answer.status_code, answer.json()["code"]) == (404, "collection_not_found"), (query, data)

    async def test_its_own_is(
        self, client: httpx.AsyncClient, bound: dict[str, str], photo: dict[str, Any]
    ) -> None:
        data = {"collection": "blue"}
        registered = await client.post(REGISTER, data={**data, "name": "Ada"}, files=photo, headers=bound)
        assert registered.status_code == 200, registered.text
        found = await client.post(RECOGNIZE, data=data, files=photo, headers=bound)
        assert found.json()["data"]["name"] == "Ada"

    async def test_without_a_valid_key_the_form_is_not_read(
        self, client: httpx.AsyncClient, bound: dict[str, str]
    ) -> None:
        wrong = {"X-API-Key": bound["X-API-Key"][:-1]}
        answer = await client.post(REGISTER, data={"zzz": "1"}, files={"image": b"x"}, headers=wrong)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
