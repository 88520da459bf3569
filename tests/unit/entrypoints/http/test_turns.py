"""The event loop's time is counted for clients, and those who have had much of it wait, with a clock that is told."""

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from application.ports.workers import WorkerPool, current_client
from domain.errors import Busy, NoMatch
from entrypoints.http.middleware import turns
from entrypoints.http.middleware.turns import WORKER_S, client_at, in_turn
from tests.unit.fakes import InlineWorkers

App = Callable[[Any, Any, Any], Awaitable[None]]
START = {"type": "http.response.start", "status": 404, "headers": []}


class Workers(InlineWorkers):
    """Has clients wait until the gate opens."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.turns: list[str | None] = []
        self.charges: list[tuple[str | None, object]] = []
        self.full = False

    async def turn(self) -> None:
        self.turns.append(self._name)
        if self.full:
            raise Busy("too many wait")
        await self.gate.wait()

    def charge(self, seconds: float) -> None:
        self.charges.append((self._name, pytest.approx(seconds)))

    @property
    def _name(self) -> str | None:
        client = current_client.get()
        assert client is not None
        return client.name


class Clock:
    """The processor time of this thread."""

    def __init__(self) -> None:
        self.now = 100.0

    def work(self, seconds: float) -> None:
        """Let it take so long."""
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(turns, "thread_time", lambda: clock.now)
    return clock


@pytest.fixture
async def workers() -> Workers:
    return Workers()


async def ask(app: App, workers: Workers, path: str = "/nowhere", host: str = "192.0.2.7") -> list[Any]:
    """What is sent to a client."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "http", "path": path, "client": (host, 1)}
    await in_turn(cast("Any", app), cast("WorkerPool", workers))(scope, cast("Any", None), send)
    return sent


async def refused(_: Any, __: Any, send: Any) -> None:
    await send(START)


def name(client: str) -> None:
    """What admission does."""
    known = current_client.get()
    assert known is not None
    known.name = client


async def test_the_time_between_waits_is_counted_once(clock: Clock, workers: Workers) -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        name("key 7")
        clock.work(0.001)
        asyncio.get_running_loop().call_soon(clock.work, 50)  # others'
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        clock.work(0.002)
        await send(START)

    assert await ask(app, workers) == [START]
    assert workers.charges == [("key 7", WORKER_S * 0.003)]
    assert workers.turns == [], "it has waited when it was admitted"


async def test_what_is_refused_counts_for_its_address_and_waits(clock: Clock, workers: Workers) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        clock.work(0.001)
        await refused(scope, receive, send)

    workers.gate.clear()
    asked = asyncio.create_task(ask(app, workers))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not asked.done()
    workers.gate.set()
    assert await asked == [START]
    assert workers.turns == ["address 192.0.2.7"]
    assert workers.charges == [("address 192.0.2.7", WORKER_S * 0.001)]


async def test_it_is_answered_where_too_many_wait(workers: Workers) -> None:
    workers.full = True
    assert await ask(refused, workers) == [START]


async def test_probes_never_wait_and_count(workers: Workers) -> None:
    await ask(refused, workers, "/health/live")
    assert workers.turns == []
    assert [client for client, _ in workers.charges] == ["address 192.0.2.7"]


async def test_what_fails_counts(clock: Clock, workers: Workers) -> None:
    async def app(*_: Any) -> None:
        await asyncio.sleep(0)
        clock.work(0.001)
        raise NoMatch("nobody")

    with pytest.raises(NoMatch):
        await ask(app, workers)
    assert workers.charges == [("address 192.0.2.7", WORKER_S * 0.001)]


async def test_a_cancelled_request_cleans_up_and_counts(clock: Clock, workers: Workers) -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            clock.work(0.001)
            await asyncio.sleep(0)
            await send(START)

    asked = asyncio.create_task(ask(app, workers))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert workers.charges == [("address 192.0.2.7", WORKER_S * 0.001)]
    assert current_client.get() is None


async def test_nothing_of_a_failed_request_is_kept_until_garbage_is_collected(workers: Workers) -> None:
    class Photo:
        pass

    kept: list[weakref.ref[Photo]] = []

    async def app(*_: Any) -> None:
        photo = Photo()
        kept.append(weakref.ref(photo))
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)

    gc.disable()
    try:
        asked = asyncio.create_task(ask(app, workers))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.wait([asked])
        del asked
        await asyncio.sleep(0)
        assert kept[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.7", "address 192.0.2.7"),
        ("2001:db8::1", "network 20010db800000000"),
        ("2001:db8::ffff:1%eth0", "network 20010db800000000"),
        ("nonsense:1", "address nonsense:1"),
        ("x" * 1000, "address " + "x" * 64),
        ("", "address "),
    ],
)
def test_clients_of_addresses(host: str, client: str) -> None:
    assert client_at(host) == client
