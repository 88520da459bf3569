"""Answering requests in this process, which `serve` imports only where it is done: it takes much memory."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import ModuleType

from dependency_injector import providers
from typing_extensions import override

from adapters.prometheus.metrics import MODEL_LOAD_SECONDS
from adapters.shared_memory.counters import SharedCounters
from application.background import in_background
from domain.errors import Unavailable
from entrypoints.bootstrap.access import require_key
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.sampling import sampling
from entrypoints.bootstrap.signals import StopSignals
from entrypoints.bootstrap.start import running, warn_of_former_models
from entrypoints.bootstrap.worker import READY, Worker
from entrypoints.cli.imports import imported
from entrypoints.cli.serve import Service

WORKER_STOP_S = 29
"""How long a clean stop of a worker may take: less than its parent waits."""

_POLL_S = 0.1

_HTTP = ("entrypoints.http.app", "entrypoints.http.server")


@dataclass(frozen=True, slots=True)
class FaceService(Service):
    """The API in one process."""

    container: Container

    @override
    async def answer_alone(
        self, listener: socket.socket, stop: StopSignals, started: Callable[[], None]
    ) -> None:
        importing = _import_http()
        async with running(self.container, loaded=MODEL_LOAD_SECONDS.set), sampling(self.container):
            await require_key(self.container)
            await self._answer(importing, listener, stop, started)

    @override
    async def answer_as_worker(self, worker: Worker) -> None:
        container = self.container
        container.counters.override(providers.Object(SharedCounters(worker.counters, worker.place)))
        stop = StopSignals(WORKER_STOP_S)
        importing = _import_http()
        async with (
            in_background(worker.beat()),
            running(container, join=True, loaded=MODEL_LOAD_SECONDS.set),
            sampling(container),
        ):
            if worker.others_answer:
                await _until_ready(container)
            else:
                await warn_of_former_models(container)
            await self._answer(importing, worker.socket(), stop, partial(worker.report, READY))

    async def _answer(
        self,
        importing: asyncio.Task[list[ModuleType]],
        listener: socket.socket,
        stop: StopSignals,
        started: Callable[[], None],
    ) -> None:
        application, server = await importing
        app, settings = application.create_app(self.container), self.container.settings()
        prepare = self.container.workers().prepare_to_close
        await server.answer(app, settings, listener, stop, started, prepare_to_stop=prepare)


def _import_http() -> asyncio.Task[list[ModuleType]]:
    """Import what answers in a thread: meanwhile the models are loaded and the database starts."""
    return asyncio.create_task(asyncio.to_thread(lambda: [imported(name) for name in _HTTP]))


async def _until_ready(container: Container) -> None:
    """Wait until this process answers as fast as others, which do so meanwhile."""
    while True:
        try:
            await container.check_readiness().execute()
        except Unavailable:
            await asyncio.sleep(_POLL_S)
        else:
            return
