"""What an operation doesn't know is refused, never ignored."""

import json
from urllib.parse import quote

import httpx
import pytest

from entrypoints.bootstrap.container import Container
from entrypoints.http.access import ACCESS, PUBLIC
from entrypoints.http.app import create_api

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
PHOTO = {"image": ("a.jpg", b"\xff\xd8\xff")}


async def refusal(client: httpx.AsyncClient, method: str, address: str, **body: object) -> str:
    answer = await client.request(method, address, **body)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_error"), answer.text
    detail: str = answer.json()["detail"]
    return detail


@pytest.mark.parametrize(
    ("method", "address", "name", "nearest"),
    [
        ("POST", "/api/face/recognize?treshold=0.5", "treshold", "threshold"),
        ("POST", "/api/face/recognize/json?treshold=0.5", "treshold", "threshold"),
        ("POST", "/api/face/register?name=Ada&colection=blue", "colection", "collection"),
        ("GET", "/api/face?Limit=2", "Limit", "limit"),
        ("GET", "/api/collection?afer=a", "afer", "after"),
        ("PATCH", "/api/profile/1?colection=a", "colection", "collection"),
        ("POST", "/api/key/1/rotate?overlapp=9", "overlapp", "overlap"),
    ],
)
async def test_an_unknown_parameter_is_named_with_the_nearest(
    client: httpx.AsyncClient, method: str, address: str, name: str, nearest: str
) -> None:
    detail = await refusal(client, method, address)
    assert detail == f"{name}: there is no such parameter. Did you mean {nearest}?"


@pytest.mark.parametrize(
    "query", ["page=2", "=2", "page", "%70age=2", "page=2&limit=1", quote("\u00e9") + "=1"]
)
async def test_an_unknown_parameter_that_is_like_no_other(client: httpx.AsyncClient, query: str) -> None:
    assert "there is no such parameter." in await refusal(client, "GET", f"/api/face?{query}")


async def test_what_is_injected_into_handlers_is_no_parameter(client: httpx.AsyncClient) -> None:
    assert "no such parameter" in await refusal(client, "GET", "/api/face?manage_faces=1")
    assert await refusal(client, "POST", "/api/profile/1/merge") == "into: it is required"


@pytest.mark.parametrize(
    ("method", "address"),
    [("GET", "/api/face"), ("DELETE", "/api/profile/1"), ("POST", "/api/profile/1/merge?into=2")],
)
async def test_json_where_nobody_reads_it(client: httpx.AsyncClient, method: str, address: str) -> None:
    body = json.dumps({"collection": "blue"})
    assert "takes no JSON" in await refusal(client, method, address, content=body, headers=JSON)
    for nothing in ("", "{}", " null\n"):
        answer = await client.request(method, address, content=nothing, headers=JSON)
        assert answer.status_code in {200, 404}, answer.text


async def test_every_operation_refuses_it(client: httpx.AsyncClient, container: Container) -> None:
    addresses = {
        (method, route.path_format)
        for route in create_api(container).routes
        for method in route.methods & {"GET", "POST", "PATCH", "DELETE"}
        if route.path_format.startswith(("/api", "/health"))
    }
    assert len(addresses) >= len([needed for needed in ACCESS.values() if needed != PUBLIC])
    for method, template in addresses:
        address = template.replace("{name}", "default").replace("{session_id}", "x")
        for number in ("{face_id}", "{profile_id}", "{key_id}"):
            address = address.replace(number, "1")
        assert "zzz: " in await refusal(client, method, f"{address}?zzz=1"), address


async def test_pages_and_preflights_take_whatever_browsers_send(client: httpx.AsyncClient) -> None:
    for method, address in (("GET", "/?a=1"), ("GET", "/openapi.json?v=2"), ("OPTIONS", "/api/face?limit=1")):
        assert (await client.request(method, address)).is_success


@pytest.mark.parametrize(
    ("field", "nearest"), [("treshold", "threshold"), ("imagee", "image"), ("colection", "collection")]
)
async def test_an_unknown_field_of_a_form(client: httpx.AsyncClient, field: str, nearest: str) -> None:
    detail = await refusal(client, "POST", "/api/face/recognize", files=PHOTO, data={field: "0.5"})
    assert detail == f"{field}: there is no such field in the form. Did you mean {nearest}?"


@pytest.mark.parametrize("address", ["detect", "liveness", "liveness/session/x/frame", "register/batch"])
async def test_a_field_that_only_other_operations_have(client: httpx.AsyncClient, address: str) -> None:
    form = {"data": {"threshold": "0.5"}, "files": PHOTO}
    assert "threshold: there is no such field" in await refusal(
        client, "POST", f"/api/face/{address}", **form
    )


@pytest.mark.parametrize(
    ("method", "address", "body", "said"),
    [
        ("POST", "/api/profile", {"name": "Ada", "metdata": {}}, "Did you mean metadata?"),
        ("PATCH", "/api/profile/1", {"nam": "Ada"}, "Did you mean name?"),
        ("POST", "/api/collection", {"name": "a", "colour": 1}, "colour: there is no such key"),
        ("POST", "/api/key", {"name": "a", "scope": ["admin"]}, "Did you mean scopes?"),
        ("POST", "/api/profile", {"name": "Ada", "collection": "blue"}, "collection: it is a parameter"),
        ("POST", "/api/face/register/json", {"image": "", "name": "Ada"}, "name: it is a parameter"),
        ("POST", "/api/face/detect", {"img": ""}, "img: there is no such key"),
        ("POST", "/api/face/detect", {"image": "", "embedding": []}, "embedding: there is no such key"),
        ("POST", "/api/face/recognize/json", {"embeding": []}, "Did you mean embedding?"),
        ("POST", "/api/face/verify/json", {"image1": "", "image_2": ""}, "Did you mean image2?"),
        ("POST", "/api/face/recognize/json", {"image": "", "\ud800": 1}, ""),
    ],
)
async def test_an_unknown_key_of_a_json_body(
    client: httpx.AsyncClient, method: str, address: str, body: object, said: str
) -> None:
    assert said in await refusal(client, method, address, content=json.dumps(body), headers=JSON)


@pytest.mark.parametrize(
    "body",
    [
        b"{%b}" % b",".join(b'"k%d":1' % number for number in range(20_000)),
        b'{"embedding":[%b]}' % b",".join([b"0"] * 20_000),
    ],
    ids=["keys", "numbers"],
)
async def test_json_with_very_many_values(client: httpx.AsyncClient, body: bytes) -> None:
    assert "more than 16,384 values" in await refusal(
        client, "POST", "/api/face/search/json", content=body, headers=JSON
    )


async def test_an_unknown_name_is_shown_in_part(client: httpx.AsyncClient) -> None:
    for detail in (
        await refusal(client, "GET", f"/api/face?{'x' * 5000}=1"),
        await refusal(client, "POST", "/api/face/detect", data={"x" * 5000: "1"}, files=PHOTO),
        await refusal(client, "POST", "/api/profile", content=json.dumps({"x" * 5000: 1}), headers=JSON),
    ):
        assert len(detail) < 100


async def test_a_form_of_an_operation_without_content(client: httpx.AsyncClient) -> None:
    address = "/api/key/1/rotate"
    for form in ({"content": b"overlapp=9", "headers": FORM}, {"files": {"overlapp": (None, b"9")}}):
        assert "Did you mean overlap?" in await refusal(client, "POST", address, **form)
