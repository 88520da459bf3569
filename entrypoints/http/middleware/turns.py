"""The event loop's time: counted for each client, and shared among those who want it."""

import ipaddress
from collections.abc import Awaitable, Generator
from contextlib import suppress
from functools import lru_cache
from time import thread_time
from typing import Any

from litestar.types import ASGIApp, HTTPResponseStartEvent, Receive, Scope, Send
from typing_extensions import override

from application.ports.workers import Client, WorkerPool, current_client
from domain.errors import Busy
from entrypoints.http.middleware.answer_start import at_start

WORKER_S = 2.0
"""A second of processor time, in time of workers: on two cores four threads take turns."""
_PROBES = "/health"
"""Addresses that orchestrators ask, often from the same address as clients: the answer tells whether all is well."""


def in_turn(app: ASGIApp, workers: WorkerPool) -> ASGIApp:
    """Counts the time that each request takes of the event loop, and lets those wait who have had much of it.

    Whoever has a key, or needs none, waits before the work begins, see LimitClients. Any other request is that of its
    address, and its answer waits: that there is no such page, say.
    """

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        def wait(_: HTTPResponseStartEvent) -> Awaitable[None] | None:
            if client.name is not None:
                return None
            client.name = address
            return None if scope["path"].startswith(_PROBES) else _turn(workers)

        peer = scope.get("client")
        address = client_at(peer[0] if peer else "")
        client = Client(peer)
        former = current_client.set(client)
        steps = _Steps(app(scope, receive, at_start(send, wait)))
        try:
            await steps
        finally:
            client.name = client.name or address
            workers.charge(WORKER_S * steps.seconds)
            current_client.reset(former)

    return answered


async def _turn(workers: WorkerPool) -> None:
    with suppress(Busy):  # the request is answered already
        await workers.turn()


@lru_cache(1024)
def client_at(host: str) -> str:
    """Whose requests are counted together where there is no key: those of an address or an IPv6 network."""
    if ":" in host:
        # A subscriber has 2^64 addresses at least.
        with suppress(ValueError):
            return f"network {int(ipaddress.IPv6Address(host.partition('%')[0])) >> 64:x}"
    return f"address {host[:64]}"


class _Steps(Awaitable[None]):
    """Awaits something, and measures the processor time between its waits."""

    def __init__(self, awaited: Awaitable[None]) -> None:
        self._awaited = awaited
        self.seconds = 0.0

    @override
    def __await__(self) -> Generator[Any, Any, None]:
        steps: Any = self._awaited.__await__()
        step, value = steps.send, None
        while True:
            begun = thread_time()
            try:
                waits_for = step(value)
            except StopIteration:
                return
            finally:
                self.seconds += thread_time() - begun
                del value  # an error's traceback has this frame: a cycle
            try:
                step, value = steps.send, (yield waits_for)
            except BaseException as error:  # noqa: BLE001 (it is for what is awaited)
                step, value = steps.throw, error
