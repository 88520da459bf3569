"""`face-api serve-models`."""

import os
from importlib import import_module

import click
import msgspec

from entrypoints.bootstrap.access import require_service_key
from entrypoints.bootstrap.certificates import server_context
from entrypoints.bootstrap.settings import load_settings
from entrypoints.cli.serve import Service, serve_in_processes

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

    def make() -> Service:
        service: Service = import_module("entrypoints.cli.answer_models").ModelService(
            settings, frozenset(wanted), names
        )
        return service

    scheme = "https" if settings.service_certificate else "http"
    serve_in_processes(settings, make, what=f"models for {', '.join(wanted)}: ", scheme=scheme)
