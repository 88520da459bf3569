"""What the log says of requests: one line each, whatever is in them, and why something isn't available."""

import asyncio
import logging
from typing import Any

import asyncpg
import httpx
import pytest
from litestar.types import Message

from domain.errors import Unavailable
from entrypoints.bootstrap.container import Container
from entrypoints.http.app import create_app
from entrypoints.http.error_causes import describe_causes


@pytest.mark.parametrize("way", ["/api/face/%0a2026-01-01 INFO forged", "/nothing%1b[2Jhere%0d%0aforged"])
async def test_a_line_cannot_be_forged_through_the_path(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        await client.get(way)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("face")]
    assert len(lines) == 1
    assert all(character.isprintable() for character in lines[0])
    assert "forged" in lines[0]


async def test_an_address_where_nothing_is_is_logged(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "face.access"):
        assert (await client.get("/nothing/here?name=Ada")).status_code == 404
    (line,) = [record.getMessage() for record in caplog.records if record.name == "face.access"]
    assert line.startswith("GET /nothing/here 404 ")


async def test_a_line_tells_of_the_client_the_request_and_the_error(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "face.access"):
        answers = [
            await client.get("/nothing/here"),
            await client.get("/api/profile", params={"limit": "many"}, headers={"X-Request-ID": "trace-1"}),
            await client.post("/api/face/recognize", json={}, headers={"X-Request-ID": "forged\tline"}),
            await client.get("/health/live"),
        ]
    lines = [record.getMessage() for record in caplog.records if record.name == "face.access"]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == 4
    assert ids[1] == "trace-1"
    assert "forged" not in ids[2]
    assert [line.split(" ms ")[1] for line in lines] == [
        f"client=127.0.0.1 request={ids[0]} code=not_found",
        "client=127.0.0.1 request=trace-1 code=validation_error",
        f"client=127.0.0.1 request={ids[2]} code=validation_error",
        f"client=127.0.0.1 request={ids[3]} code=-",
    ]


async def test_a_request_that_a_stop_cuts_off_gets_503(
    container: Container,
    client: httpx.AsyncClient,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def cut_off(*_: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(type(container.manage_profiles()), "list", cut_off)
    with caplog.at_level(logging.INFO):
        answer = await client.get("/api/profile")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    (line,) = [record.getMessage() for record in caplog.records if record.name == "face.access"]
    assert line.startswith("GET /api/profile 503 ")
    assert line.endswith(" code=unavailable")


async def test_the_cause_of_a_503_is_logged(
    container: Container,
    client: httpx.AsyncClient,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object) -> None:
        cause = asyncpg.CannotConnectNowError()
        cause.message = "the database system is starting up\nforged"
        raise Unavailable("The database does not answer.") from cause

    monkeypatch.setattr(type(container.manage_profiles()), "list", fail)
    with caplog.at_level(logging.INFO):
        answer = await client.get("/api/profile", params={"name": "Ada"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "starting up" not in answer.text
    (line,) = [record.getMessage() for record in caplog.records if record.name == "face.http"]
    assert line.endswith(
        "not answer. <- CannotConnectNowError 57P03 the database system is starting up forged"
    )
    assert "Ada" not in line


def test_causes_show_no_value_of_a_request() -> None:
    error = Unavailable("The database does not answer.")
    error.__cause__ = asyncpg.UniqueViolationError("Key (name)=(Ada) already exists")
    assert describe_causes(error) == "Unavailable The database does not answer. <- UniqueViolationError 23505"


async def test_a_client_that_leaves_is_not_logged_as_an_error_of_the_service(
    container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[Any] = [
        {
            "type": "http.request",
            "body": b'--a\r\nContent-Disposition: form-data; name="image"',
            "more_body": True,
        },
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        await asyncio.sleep(0)
        return events.pop(0) if len(events) > 1 else events[0]

    async def send(_: Message) -> None:
        pass

    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/face/detect",
        "raw_path": b"/api/face/detect",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", b"multipart/form-data; boundary=a"), (b"content-length", b"1000")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "state": {},
    }
    with caplog.at_level(logging.INFO):
        await create_app(container)(scope, receive, send)
    records = [record for record in caplog.records if record.name.startswith("face")]
    assert [record.levelname for record in records] == ["INFO"]
    assert records[0].getMessage().startswith("POST /api/face/detect 499 ")
    assert records[0].getMessage().endswith(" code=-")
