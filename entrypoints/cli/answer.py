"""Answering requests in this process, which `serve` imports only where it is done: it takes much memory."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from types import ModuleType

from dependency_injector import providers

from adapters.prometheus.metrics import MODEL_LOAD_SECONDS
from adapters.shared_memory.counters import SharedCounters
from domain.errors import Unavailable
from entrypoints.bootstrap.access import require_key
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.sampling import sampling
from entrypoints.bootstrap.signals import StopSignals
from entrypoints.bootstrap.start import running, warn_of_former_models
from entrypoints.bootstrap.worker import READY, Worker
from entrypoints.cli.imports import imported

WORKER_STOP_S = 29
"""How long a clean stop of a worker may take: less than its parent waits."""

_POLL_S = 0.1

_HTTP = ("entrypoints.http.app", "entrypoints.http.server")


async def answer_alone(
    container: Container, listener: socket.socket, stop: StopSignals, started: Callable[[], None]
) -> None:
    """Answer in the only process of the service.

    Raises:
        StartupError: something that it needs can't be had.
    """
    importing = _import_http()
    async with running(container, loaded=MODEL_LOAD_SECONDS.set), sampling(container):
        await require_key(container)
        await _answer(container, importing, listener, stop, started)


async def answer_as_worker(container: Container, worker: Worker) -> None:
    """Answer beside other processes, which share the listening socket and the parent's database.

    Raises:
        StartupError: something that it needs can't be had.
    """
    container.counters.override(providers.Object(SharedCounters(worker.counters, worker.place)))
    stop = StopSignals(WORKER_STOP_S)
    importing = _import_http()
    heart = asyncio.create_task(worker.beat())
    try:
        async with running(container, join=True, loaded=MODEL_LOAD_SECONDS.set), sampling(container):
            if worker.others_answer:
                await _until_ready(container)
            else:
                await warn_of_former_models(container)
            await _answer(container, importing, worker.socket(), stop, partial(worker.report, READY))
    finally:
        heart.cancel()


async def _until_ready(container: Container) -> None:
    """Wait until this process answers as fast as others, which do so meanwhile."""
    while True:
        try:
            await container.check_readiness().execute()
        except Unavailable:
            await asyncio.sleep(_POLL_S)
        else:
            return


def _import_http() -> asyncio.Task[list[ModuleType]]:
    """Import what answers in a thread: meanwhile the models are loaded and the database starts."""
    return asyncio.create_task(asyncio.to_thread(lambda: [imported(name) for name in _HTTP]))


async def _answer(
    container: Container,
    importing: asyncio.Task[list[ModuleType]],
    listener: socket.socket,
    stop: StopSignals,
    started: Callable[[], object],
) -> None:
    application, server = await importing
    await server.answer(
        application.create_app(container),
        container.settings(),
        listener,
        stop,
        started,
        prepare_to_stop=container.workers().prepare_to_close,
    )
