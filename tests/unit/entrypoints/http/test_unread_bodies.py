"""The rest of a body whose request has been answered is read at a pace."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import uvicorn
from typing_extensions import override

from entrypoints.bootstrap.address import listen
from entrypoints.http.connection_budget import ConnectionBudget
from entrypoints.http.connections import BoundedProtocol, ConnectionLimits
from entrypoints.http.unread_bodies import MANY, UNREAD_BYTES_S, UnreadBodies
from tests.waiting import PATIENCE_S, until

SIZE = 10_000_000
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % SIZE


def test_the_connections_of_an_address_share_its_pace() -> None:
    unread = UnreadBodies()
    assert unread.pause_s("a", UNREAD_BYTES_S, now=5) == pytest.approx(1)
    assert unread.pause_s("a", UNREAD_BYTES_S, now=5) == pytest.approx(2)
    assert unread.pause_s("b", UNREAD_BYTES_S, now=5) == pytest.approx(1)


def test_what_was_read_long_ago_does_not_count() -> None:
    unread = UnreadBodies()
    unread.pause_s("a", UNREAD_BYTES_S, now=5)
    assert unread.pause_s("a", UNREAD_BYTES_S, now=100) == pytest.approx(1)


def test_addresses_are_forgotten() -> None:
    unread = UnreadBodies()
    for number in range(10 * MANY):
        unread.pause_s(f"{number}", UNREAD_BYTES_S, now=2 * number)
    assert len(unread._read_until) <= MANY


class Noted(UnreadBodies):
    """Remembers what is dropped, and pauses as long as it is told."""

    def __init__(self, pause: float) -> None:
        super().__init__()
        self.pause = pause
        self.sizes: list[int] = []

    @override
    def pause_s(self, address: str, size: int, now: float) -> float:
        self.sizes.append(size)
        return self.pause


@pytest.fixture
def unread(request: pytest.FixtureRequest) -> Noted:
    return Noted(request.param)


@pytest.fixture
async def port(unread: Noted) -> AsyncIterator[int]:
    """Of a server that answers without reading a body."""

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"no"})

    limits = ConnectionLimits(header_s=600, body_s=600, idle_s=600)
    protocol = partial(BoundedProtocol, limits=limits, budget=ConnectionBudget(10), unread=unread)
    config = uvicorn.Config(
        application,
        http=protocol,  # type: ignore[arg-type]
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    listener = listen("127.0.0.1", 0)
    task = asyncio.create_task(server._serve([listener]))
    await until(lambda: server.started)
    yield listener.getsockname()[1]
    server.should_exit = True
    await task


async def refused(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection whose request is answered before its body is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD)
    assert (await reader.readuntil(b"no")).startswith(b"HTTP/1.1 404")
    return reader, writer


@pytest.mark.parametrize("unread", [0.0], indirect=True)
async def test_a_client_may_go_on_once_all_is_read(port: int, unread: Noted) -> None:
    reader, writer = await refused(port)
    async with asyncio.timeout(PATIENCE_S):
        writer.write(bytes(SIZE) + HEAD)
        assert (await reader.readuntil(b"no")).startswith(b"HTTP/1.1 404")
    writer.close()
    assert 0.9 * SIZE < sum(unread.sizes) <= SIZE


@pytest.mark.parametrize("unread", [3600.0], indirect=True)
async def test_nothing_is_read_during_a_pause(port: int, unread: Noted) -> None:
    _, writer = await refused(port)
    writer.write(bytes(SIZE))
    await until(lambda: bool(unread.sizes))
    for _ in range(1000):
        await asyncio.sleep(0)
    assert len(unread.sizes) == 1
    writer.transport.abort()
