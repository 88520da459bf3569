"""`face-api serve`."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol

import click
import uvloop
from dependency_injector import providers

from adapters.prometheus.folder import allocate, allocate_in_memory, metrics_folder
from adapters.system.machine import keep_freed_memory
from entrypoints.bootstrap.access import require_key
from entrypoints.bootstrap.address import listen, url_of
from entrypoints.bootstrap.database import running_database
from entrypoints.bootstrap.log import configure_log, write_audit_lines
from entrypoints.bootstrap.settings import Settings, load_settings
from entrypoints.bootstrap.signals import StopSignals
from entrypoints.bootstrap.storage import StorageContainer
from entrypoints.bootstrap.unused import unused_settings
from entrypoints.bootstrap.worker import WORKER, Worker, this_worker
from entrypoints.bootstrap.worker_processes import WorkerProcesses
from entrypoints.cli.imports import imported

if TYPE_CHECKING:
    from entrypoints.bootstrap.container import Container

STOP_S = 34
"""How long a clean stop may take. A container's engine is told to wait for 40 s."""

logger = logging.getLogger("face.serve")


class Service(Protocol):
    """What answers in one process. Both methods raise StartupError if something that it needs can't be had."""

    async def answer_alone(
        self, listener: socket.socket, stop: StopSignals, started: Callable[[], None]
    ) -> None:
        """Answer in the only process of the service; `started` is called when connections are accepted."""

    async def answer_as_worker(self, worker: Worker) -> None:
        """Answer beside other processes, which share the listening socket."""


@click.command()
@click.option("--host", metavar="ADDRESS", help="instead of FACE_HOST")
@click.option("--port", type=click.IntRange(0, 65535), help="instead of FACE_PORT; 0: any")
def serve(host: str | None, port: int | None) -> None:
    """Serve the API until SIGTERM or Ctrl-C."""
    # In the environment, where the service's other processes find them.
    options = {"FACE_HOST": host, "FACE_PORT": port}
    os.environ.update({key: str(value) for key, value in options.items() if value is not None})
    settings = load_settings().of_one_process()
    serve_with(settings, partial(wired, settings))


def serve_with(settings: Settings, make_container: "Callable[[], Container]") -> None:
    """Serve the API over what a container makes, in as many processes as the settings say.

    Raises:
        StartupError: the service can't be started.
    """
    write_audit_lines(settings)
    if WORKER not in os.environ:
        begin_logging(settings)
        for line in unused_settings(settings):
            logger.warning("%s", line)

    @contextlib.asynccontextmanager
    async def database() -> AsyncIterator[None]:
        storage = StorageContainer(settings=providers.Object(settings))
        async with running_database(storage):
            await require_key(storage)
            yield

    def make() -> Service:
        service: Service = imported("entrypoints.cli.answer").FaceService(make_container())
        return service

    serve_in_processes(settings, make, database)


def serve_in_processes(
    settings: Settings,
    make: Callable[[], Service],
    shared: Callable[[], contextlib.AbstractAsyncContextManager[None]] = contextlib.nullcontext,
    *,
    what: str = "",
    scheme: str = "http",
) -> None:
    """Serve until a signal says to stop, in as many processes as the settings say.

    Args:
        settings: of each process.
        make: called in the processes that answer. The parent of several saves the memory that it takes.
        shared: what the parent of several processes runs for them.
        what: is served, for the log.
        scheme: of the address, for the log.

    Raises:
        StartupError: the service can't be started.
    """
    keep_freed_memory()  # libraries start threads when they are imported
    begin_logging(settings)
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        if worker := this_worker():
            worker.die_with_parent()
            allocate()
            uvloop.run(make().answer_as_worker(worker))
            return
        # First of all, so that a second service on the address fails at once.
        with listen(settings.host, settings.port) as listener, metrics_folder(settings.run_dir):
            uvloop.run(
                _serve(settings, make, shared, listener, f"{what}{_described(settings, listener, scheme)}")
            )


def begin_logging(settings: Settings) -> None:
    """Log to the standard error, at the level that the settings say."""
    configure_log(settings)
    # httpx would log each request to a model service.
    for library in ("alembic", "faiss", "httpx", "uvicorn"):
        logging.getLogger(library).setLevel(logging.WARNING)


def _described(settings: Settings, listener: socket.socket, scheme: str) -> str:
    return (
        f"face-api {version('face-api')} on {url_of(listener, scheme)}, processes {settings.process_count},"
        f" pid {os.getpid()}, data directory {settings.data_dir}"
    )


def wired(settings: Settings) -> "Container":
    """The container of the service; its libraries are imported now, in the process that answers."""
    container: Container = imported("entrypoints.bootstrap.container").Container(
        settings=providers.Object(settings)
    )
    return container


async def _serve(
    settings: Settings,
    make: Callable[[], Service],
    shared: Callable[[], contextlib.AbstractAsyncContextManager[None]],
    listener: socket.socket,
    what: str,
) -> None:
    def started() -> None:
        logger.info("serving: %s", what)

    stop = StopSignals(STOP_S)
    if settings.process_count == 1:
        allocate_in_memory()
        await make().answer_alone(listener, stop, started)
    else:
        async with shared(), WorkerProcesses(settings.process_count, listener):
            stopping = asyncio.Event()
            stop.on_stop = lambda _: stopping.set()
            started()
            await stopping.wait()
            listener.close()
    logger.info("stopped: %s", what)
