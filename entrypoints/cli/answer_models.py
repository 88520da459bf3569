"""Serving models in this process, which `serve-models` imports only where it is done."""

import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from dependency_injector import providers
from typing_extensions import override

from adapters.prometheus.metrics import MODEL_LOAD_SECONDS
from adapters.system.machine import return_freed_memory
from application.background import in_background
from entrypoints.bootstrap.analysis import AnalysisContainer
from entrypoints.bootstrap.certificates import renewed_server_context
from entrypoints.bootstrap.settings import Settings
from entrypoints.bootstrap.signals import StopSignals
from entrypoints.bootstrap.tracing import open_traces, tracing
from entrypoints.bootstrap.worker import READY, Worker
from entrypoints.bootstrap.worker_sampling import sample_workers
from entrypoints.cli.answer import WORKER_STOP_S
from entrypoints.cli.serve import Service
from entrypoints.http.server import answer
from entrypoints.model_server.app import create_model_app, served_models
from entrypoints.model_server.errors import refusal
from entrypoints.model_server.served import ServedModels


@dataclass(frozen=True, slots=True)
class ModelService(Service):
    """A model service in one process."""

    settings: Settings
    tasks: frozenset[str]
    names: list[str]
    """Models to load at the start; empty: those that the settings name."""

    @override
    async def answer_alone(
        self, listener: socket.socket, stop: StopSignals, started: Callable[[], None]
    ) -> None:
        traces = open_traces(self.settings.traces_url, "face-api-models")
        async with tracing(traces), self._running() as (container, served):
            app = create_model_app(container, served, traces)
            tls = renewed_server_context(self.settings)
            await answer(app, self.settings, listener, stop, started, refusal, tls=tls)

    @override
    async def answer_as_worker(self, worker: Worker) -> None:
        async with in_background(worker.beat()):
            ready = partial(worker.report, READY)
            await self.answer_alone(worker.socket(), StopSignals(WORKER_STOP_S), ready)

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[tuple[AnalysisContainer, ServedModels]]:
        container = AnalysisContainer(settings=providers.Object(self.settings))
        served = served_models(container, self.tasks, self.names)
        try:
            began = time.monotonic()
            await container.workers().run(served.load)
            MODEL_LOAD_SECONDS.set(time.monotonic() - began)
            return_freed_memory()
            async with in_background(sample_workers(container.workers())):
                yield container, served
        finally:
            container.workers().close()
