"""The server: connections, and what is done for a process that answers."""

import asyncio
import contextlib
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from functools import partial

import uvicorn
from litestar.types import ASGIApp

from entrypoints.bootstrap.memory import collect_garbage_seldom, giving_back_memory
from entrypoints.bootstrap.settings import Settings
from entrypoints.bootstrap.signals import StopSignals
from entrypoints.http.connection_budget import ConnectionBudget, allow_open_files
from entrypoints.http.connections import BoundedProtocol, ConnectionLimits
from entrypoints.http.envelope import refusal
from entrypoints.http.unread_bodies import UnreadBodies

_GRACE_S = 20
"""How long requests that are being answered may take to end when the service stops; then they get 503."""

_CANCELLED_S = 2.0
"""How long those may take to send their 503."""

_SWITCH_S = 0.0005
"""For how long a thread may keep others from Python. With Python's own 5 ms the event loop and the workers wait for
each other as long as a photo takes: docs/decisions/0010-processes.md."""


async def answer(
    app: ASGIApp,
    settings: Settings,
    listener: socket.socket,
    stop: StopSignals,
    started: Callable[[], None],
    refusal: Callable[[str, str], bytes] = refusal,
    prepare_to_stop: Callable[[], object] = lambda: None,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Answer requests until a signal says to stop.

    Args:
        app: what answers.
        settings: the limits of connections.
        listener: where requests come from.
        stop: the signals.
        started: called when connections are accepted.
        refusal: encodes the words and the code of what is refused before the application sees it.
        prepare_to_stop: called when a signal says so.
        tls: None for plain HTTP.
    """
    limits = ConnectionLimits(
        header_s=settings.header_timeout_s,
        body_s=settings.body_timeout_s,
        idle_s=settings.idle_timeout_s,
    )
    protocol = partial(
        BoundedProtocol,
        limits=limits,
        budget=ConnectionBudget(allow_open_files(settings.max_connections)),
        unread=UnreadBodies(),
        refusal=refusal,
    )
    config = uvicorn.Config(
        app,
        http=protocol,  # type: ignore[arg-type]
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # create_app reads them, as FACE_TRUSTED_PROXIES says
        timeout_graceful_shutdown=_GRACE_S,
    )
    config.load()
    config.ssl = tls
    server = _Server(config, started)

    def end(number: int) -> None:
        prepare_to_stop()
        server.handle_exit(number, None)

    stop.on_stop = end
    collect_garbage_seldom()
    sys.setswitchinterval(_SWITCH_S)
    async with giving_back_memory():
        await server.serve([listener])
    if tasks := server.server_state.tasks:
        await asyncio.wait(tasks, timeout=_CANCELLED_S)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to us: uvicorn raises them again once it has stopped, before the database has."""
        yield
