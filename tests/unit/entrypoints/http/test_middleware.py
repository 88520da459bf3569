"""HEAD, proxies, request ids and clients that leave: what happens to every request."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from dependency_injector import providers

from application.errors import StartupError
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings, load_settings
from entrypoints.http.app import create_app

PROXY, STRANGER = "10.1.2.3", "192.0.2.7"


@pytest.mark.parametrize(
    "path", ["/", "/openapi.json", "/docs/favicon.png", "/health/live", "/api/face", "/api/model"]
)
async def test_head_answers_as_get_without_a_body(client: httpx.AsyncClient, path: str) -> None:
    get, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length"):
        assert head.headers[name] == get.headers[name]


async def test_head_is_refused_where_get_is(client: httpx.AsyncClient) -> None:
    answer = await client.head("/api/face/register")
    assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")
    assert (await client.head("/nothing")).status_code == 404
    assert (await client.options("/api/face")).headers["allow"] == "GET, HEAD, OPTIONS"


async def test_the_log_has_client_request_id_and_error_code(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "face.access"):
        chosen = await client.get("/api/face/x", headers={"X-Request-Id": "order-17"})
        forged = await client.get("/health/live", headers={"X-Request-Id": "a b\tcode=x"})
    first, second = (record.getMessage() for record in caplog.records if record.name == "face.access")
    assert chosen.headers["x-request-id"] == "order-17"
    assert first.endswith("client=127.0.0.1 request=order-17 code=method_not_allowed")
    assert " " not in forged.headers["x-request-id"]
    assert second.endswith(f"request={forged.headers['x-request-id']} code=-")


async def through(tmp_path: Path, address: str, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    made = Settings(database_url="memory", data_dir=tmp_path, workers=1, processes=1, **settings)
    container = Container(settings=providers.Object(made))
    transport = httpx.ASGITransport(cast("Any", create_app(container)), client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
    container.workers().close()


async def server(client: httpx.AsyncClient, path: str = "/openapi.json", **headers: str) -> str:
    answer = await client.get(path, headers=headers)
    assert answer.status_code == 200
    url: str = answer.json()["servers"][0]["url"]
    return url


async def test_a_prefix_from_the_settings(tmp_path: Path) -> None:
    async for client in through(tmp_path, STRANGER, root_path="/faces"):
        assert await server(client) == "/faces"
        assert await server(client, "/faces/openapi.json") == "/faces", (
            "the proxy may leave the prefix in paths"
        )
        assert (await client.get("/faces/docs/favicon.png")).status_code == 200
        for page in ("/", "/faces", "/faces/"):
            assert '<base href="/faces/">' in (await client.get(page)).text
        assert (await client.get("/facesx")).status_code == 404
        assert await server(client, **{"X-Forwarded-Prefix": "/evil"}) == "/faces"


async def test_a_prefix_that_is_like_an_address_of_the_service(tmp_path: Path) -> None:
    async for client in through(tmp_path, STRANGER, root_path="/api"):
        assert await server(client) == "/api"
        assert (await client.get("/api/face")).status_code == 200


async def test_headers_of_a_proxy_that_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"X-Forwarded-Prefix": "/faces/", "X-Forwarded-For": STRANGER}
    trusted = load_settings({"FACE_TRUSTED_PROXIES": "10.0.0.0/8, ::1"}).trusted_proxies
    async for client in through(tmp_path, PROXY, trusted_proxies=trusted):
        with caplog.at_level(logging.INFO, "face.access"):
            assert await server(client, **headers) == "/faces"
        assert await server(client, **{"X-Forwarded-Prefix": '/"><script>'}) == "/"
    assert f"client={STRANGER} " in caplog.records[-1].getMessage()


async def test_headers_of_others_are_not_believed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"X-Forwarded-Prefix": "/faces", "X-Forwarded-For": "203.0.113.1"}
    trusted = load_settings({"FACE_TRUSTED_PROXIES": "10.0.0.0/8"}).trusted_proxies
    for trust in ([], trusted):
        async for client in through(tmp_path, STRANGER, trusted_proxies=trust):
            with caplog.at_level(logging.INFO, "face.access"):
                assert await server(client, **headers) == "/"
            assert f"client={STRANGER} " in caplog.records[-1].getMessage()


@pytest.mark.parametrize("key", ["FACE_TRUSTED_PROXIES", "FACE_ROOT_PATH"])
def test_what_is_no_network_or_path_is_named(key: str) -> None:
    with pytest.raises(StartupError, match=key):
        load_settings({key: "example.org/"})


class Connection:
    """One request that a server hands to the application."""

    def __init__(self, body: bytes) -> None:
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.events.put_nowait({"type": "http.request", "body": body, "more_body": False})
        self.sent: list[Any] = []
        self.scope: Any = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/api/face/detect",
            "raw_path": b"/api/face/detect",
            "root_path": "",
            "query_string": b"",
            "headers": [(b"content-type", b"image/png"), (b"content-length", str(len(body)).encode())],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "state": {},
        }

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    def leave(self) -> None:
        self.events.put_nowait({"type": "http.disconnect"})


async def test_photos_of_clients_that_left_are_not_looked_at(
    container: Container, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gate, begun = threading.Event(), threading.Event()
    looked: list[bytes] = []

    def detect(_: object, data: bytes, *__: object) -> list[Any]:
        looked.append(data)
        begun.set()
        gate.wait(60)
        return []

    analyser = container.analyser()
    monkeypatch.setattr(type(analyser), "detect", detect)
    app: Any = create_app(container)
    connections = [Connection(f"photo {number}".encode()) for number in range(8)]
    with caplog.at_level(logging.INFO):
        requests = [asyncio.create_task(app(each.scope, each.events.get, each.send)) for each in connections]
        await asyncio.to_thread(begun.wait, 60)
        for connection in connections[:-1]:
            connection.leave()
        await asyncio.wait_for(asyncio.gather(*requests[1:-1]), 60)
        assert looked == [b"photo 0"]
        gate.set()
        await asyncio.wait_for(asyncio.gather(requests[0], requests[-1]), 60)
    assert looked == [b"photo 0", b"photo 7"], "what has begun is finished, and others are served"
    assert [len(each.sent) for each in connections[1:]] == [0] * 6 + [2]
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("face")]
    assert sorted(line.split()[2] for line in lines) == ["200", *["499"] * 7]
    container.workers().close()
