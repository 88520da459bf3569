"""`face-api serve-models`."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

import click
import msgspec
import uvloop

from adapters.prometheus.folder import allocate, metrics_folder
from entrypoints.bootstrap.access import require_service_key
from entrypoints.bootstrap.address import listen
from entrypoints.bootstrap.certificates import server_context
from entrypoints.bootstrap.settings import Settings, load_settings
from entrypoints.bootstrap.signals import StopSignals
from entrypoints.bootstrap.worker import this_worker
from entrypoints.cli.serve import STOP_S, answer_in_processes, begin_logging, described

if TYPE_CHECKING:
    from entrypoints.cli.answer_models import ModelService

logger = logging.getLogger("face.serve")

TASKS = ("detection", "recognition", "anti_spoofing")


@click.command()
@click.option(
    "--tasks", default="detection,recognition", show_default=True, help=f"any of {', '.join(TASKS)}"
)
@click.option("--models", default="", help="to load at the start, instead of those that the settings name")
@click.option("--host", metavar="ADDRESS", help="instead of FACE_HOST")
@click.option("--port", type=click.IntRange(0, 65535), help="instead of FACE_PORT; 0: any")
def serve_models(tasks: str, models: str, host: str | None, port: int | None) -> None:
    """Serve models to other services, over the Open Inference Protocol, until SIGTERM or Ctrl-C."""
    wanted, names = ([word for word in map(str.strip, given.split(",")) if word] for given in (tasks, models))
    if not wanted or not set(wanted) <= set(TASKS):
        raise click.BadParameter(f"any of {', '.join(TASKS)}, with commas between them", param_hint="--tasks")
    options = {"FACE_HOST": host, "FACE_PORT": port}
    os.environ.update({key: str(value) for key, value in options.items() if value is not None})
    settings = load_settings()
    settings = msgspec.structs.replace(
        settings,
        # Models that are served here run here.
        detection_url=[],
        recognition_url=[],
        anti_spoofing_url=[],
        database_url="embedded",
        # The protocol has no estimates.
        precision="float" if settings.precision == "auto" else settings.precision,
    ).of_one_process()
    require_service_key(settings)
    server_context(settings)  # what is wrong with it is said at once
    begin_logging(settings)

    def make() -> "ModelService":
        service: ModelService = import_module("entrypoints.cli.answer_models").ModelService(
            settings, frozenset(wanted), names
        )
        return service

    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        if worker := this_worker():
            worker.die_with_parent()
            allocate()
            uvloop.run(make().answer_as_worker(worker))
        else:
            with listen(settings.host, settings.port) as listener, metrics_folder(settings.run_dir):
                uvloop.run(_serve(settings, make, listener, ", ".join(wanted)))


async def _serve(
    settings: Settings, make: "Callable[[], ModelService]", listener: socket.socket, tasks: str
) -> None:
    scheme = "https" if settings.service_certificate else "http"
    what = f"models for {tasks}: {described(settings, listener, scheme)}"

    def started() -> None:
        logger.info("serving: %s", what)

    stop = StopSignals(STOP_S)
    if settings.process_count == 1:
        allocate()
        await make().answer_alone(listener, stop, started)
    else:
        await answer_in_processes(settings.process_count, listener, stop, started)
    logger.info("stopped: %s", what)
