"""Deadlines of requests, with applications that take their time."""

import asyncio
import gc
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from application.ports.workers import Client, current_client
from entrypoints.http.middleware.deadline import BATCH_FACTOR, within_deadline
from entrypoints.http.middleware.disconnects import drop_abandoned_work
from tests.virtual_time import in_virtual_time

DEADLINE_S = 0.2
BATCH = "/api/face/register/batch"


class Exchange:
    """One request, whose parts arrive after pauses."""

    def __init__(self, *parts: float, path: str = "/", headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.parts = list(parts) or [0.0]
        self.sent: list[Any] = []
        self.scope: Any = {"type": "http", "path": path, "headers": [*headers], "method": "POST"}

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(self.parts.pop(0))
        return {"type": "http.request", "body": b"x", "more_body": bool(self.parts)}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def outcome(self) -> tuple[int, str]:
        (start, body) = self.sent
        return start["status"], json.loads(body["body"])["code"] if body["body"] else ""


App = Callable[[Any, Any, Any], Awaitable[None]]


def taking(seconds: float, done: list[str] | None = None) -> App:
    """An application that reads the body, and answers after some time."""

    async def app(_: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await asyncio.sleep(seconds)
        if done is not None:
            done.append("worked")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app


async def answered(app: App, exchange: Exchange) -> tuple[int, str]:
    bounded: Any = within_deadline(app, DEADLINE_S)
    async with asyncio.timeout(5):
        await bounded(exchange.scope, exchange.receive, exchange.send)
    return exchange.outcome


@in_virtual_time
async def test_what_is_quick_is_answered() -> None:
    assert await answered(taking(0), Exchange()) == (200, "")


@in_virtual_time
async def test_what_takes_too_long_is_dropped() -> None:
    done: list[str] = []
    client = Client()
    current_client.set(client)
    exchange = Exchange()
    assert await answered(taking(0.6, done), exchange) == (503, "deadline_exceeded")
    assert (b"retry-after", b"1") in exchange.sent[0]["headers"]
    await asyncio.sleep(0.6)
    assert done == []
    assert client.dropped
    assert not client.left
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0, "the connection's next request is not cancelled"


@in_virtual_time
async def test_the_clock_stands_while_the_client_sends() -> None:
    slow = [DEADLINE_S * 0.75] * 3
    assert await answered(taking(0), Exchange(*slow)) == (200, "")
    assert await answered(taking(DEADLINE_S * 0.5), Exchange(*slow)) == (200, "")
    assert await answered(taking(DEADLINE_S * 3), Exchange(*slow)) == (503, "deadline_exceeded")


@in_virtual_time
async def test_the_answer_does_not_wait_for_what_is_cleaned_up() -> None:
    async def app(*_: object) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(DEADLINE_S * 3)

    exchange = Exchange()
    task = asyncio.create_task(answered(app, exchange))
    await asyncio.sleep(DEADLINE_S * 2)
    assert exchange.outcome == (503, "deadline_exceeded")
    assert not task.done()
    await task


@in_virtual_time
async def test_an_answer_that_comes_late_is_not_sent() -> None:
    async def stubborn(_: Any, __: Any, send: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    assert await answered(stubborn, Exchange()) == (503, "deadline_exceeded")


@in_virtual_time
async def test_an_answer_that_has_begun_is_sent() -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(DEADLINE_S * 2)
        await send({"type": "http.response.body", "body": b""})

    assert await answered(app, Exchange()) == (200, "")


@in_virtual_time
async def test_a_batch_has_longer() -> None:
    assert await answered(taking(DEADLINE_S * 2), Exchange(path=BATCH)) == (200, "")
    assert BATCH_FACTOR > 2


@pytest.mark.parametrize(
    ("prefer", "status"),
    [
        (b"wait=1", 503),
        (b'respond-async; wait="1"', 503),
        (b"foo, Wait = 1", 503),
        (b"wait=0", 503),
        (b"wait=999999", 200),
        (b"wait=", 200),
        (b"await=1", 200),
        (b"wait=-1", 200),
        pytest.param(b"wait=" + b"9" * 60_000, 200, id="endless number"),
        (b"\xff\x00", 200),
    ],
)
@in_virtual_time
async def test_a_client_that_waits_less(prefer: bytes, status: int) -> None:
    exchange = Exchange(path=BATCH, headers=((b"prefer", prefer),))
    assert (await answered(taking(1.3), exchange))[0] == status


@in_virtual_time
async def test_the_end_of_the_service_is_not_taken_for_the_deadline() -> None:
    exchange = Exchange()
    task = asyncio.create_task(answered(taking(60), exchange))
    await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert exchange.sent == []


async def test_an_answered_request_leaves_nothing_to_the_garbage_collector() -> None:
    """Cycles would keep bodies of megabytes until the collector comes by, after a thousand requests."""
    app: Any = drop_abandoned_work(within_deadline(taking(0), 30))

    async def request() -> None:
        exchange = Exchange()
        exchange.parts = [0.0, 3600.0]
        receive = exchange.receive

        async def received() -> dict[str, Any]:
            return {**await receive(), "more_body": False}

        await asyncio.create_task(app(exchange.scope, received, exchange.send))
        await asyncio.sleep(0)

    await request()
    gc.collect()
    gc.disable()
    try:
        await request()
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        left = {type(each).__name__ for each in gc.garbage}
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert not left & {"_Connection", "Client", "Task", "_Request", "frame"}
