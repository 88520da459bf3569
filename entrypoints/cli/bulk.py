"""What the bulk commands share: their options, and how they run."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec
import uvloop
from dependency_injector import providers

from adapters.embedded_postgres.cluster import Cluster
from application.audit import AuditTrail
from application.audit_notes import noting
from domain.audit import AuditEvent
from domain.errors import CollectionNotFound, FaceServiceError, Unavailable
from domain.people import DEFAULT_COLLECTION
from entrypoints.bootstrap.log import write_audit_lines
from entrypoints.bootstrap.remedies import explained
from entrypoints.bootstrap.settings import Settings, load_settings
from entrypoints.cli.groups import running_command
from entrypoints.cli.reports import checked_report

if TYPE_CHECKING:
    from entrypoints.bootstrap.container import Container

T = TypeVar("T")

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUTPUT = click.Path(dir_okay=False, path_type=Path)

COLLECTION = click.option(
    "--collection", metavar="NAME", default=DEFAULT_COLLECTION, show_default=True, help="the collection"
)
ONE_COLLECTION = click.option(
    "--collection", metavar="NAME", help="this collection alone; without it, all of them"
)
DETECTION = click.option("--detection", metavar="MODEL", help="instead of FACE_DETECTION_MODEL")
RECOGNITION = click.option("--recognition", metavar="MODEL", help="instead of FACE_RECOGNITION_MODEL")
LIVENESS = click.option(
    "--liveness",
    type=click.Choice(["off", "observe", "enforce"]),
    help="a stricter policy than FACE_LIVENESS",
)
INIT = click.option("--init", is_flag=True, help="make a new data directory if there is none")
JSON = click.option("--json", "as_json", is_flag=True, help="print the report as JSON")
REPORT = click.option(
    "--report",
    metavar="FILE",
    type=OUTPUT,
    callback=checked_report,
    help="write the report as JSON to a file",
)

INTERRUPTED = 130
"""Exit status of a command that was stopped by Ctrl-C or SIGTERM, as in shells."""

GO_ON = "run the same command again to go on"
BEGIN_ANEW = "run the same command again to begin anew"


class NoDataDirectory(click.ClickException):
    """There is no database where the command looked for one."""

    exit_code = 2


def run_with_storage(
    work: "Callable[[Container], Awaitable[T]]", *, init: bool | None = None, advice: str = GO_ON
) -> T:
    """Run `work` with the configured storage; an error becomes one line.

    A service that has the embedded database open is no hindrance: its server is used.

    Args:
        work: what is to be done.
        init: whether a new data directory may be made; None if the command has no such option.
        advice: what the operator can do when the command was stopped.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    settings = load_settings()
    write_audit_lines(settings)
    if settings.database_url == "memory":
        raise click.ClickException(
            "FACE_DATABASE_URL is memory: there is nothing that this command could keep or see"
        )
    if settings.database_url == "embedded":
        _check_data_directory(settings.data_dir, init=init)
    try:
        return uvloop.run(_run(work, settings))
    except (asyncio.CancelledError, KeyboardInterrupt):
        click.echo(f"stopped; {advice}", err=True)
        raise SystemExit(INTERRUPTED) from None
    except CollectionNotFound as error:
        raise click.ClickException(f"{error} See --collection.") from error
    except Unavailable as error:
        raise click.ClickException(f"{error} {advice[0].upper()}{advice[1:]}.") from error
    except FaceServiceError as error:
        raise click.ClickException(explained(error)) from error


def _check_data_directory(folder: Path, *, init: bool | None) -> None:
    try:
        exists = Cluster(folder).exists()
    except OSError:
        exists = True  # starting its server says what is wrong
    if not (exists or init):
        new = "start the service there with face-api serve" if init is None else "make a new one with --init"
        raise NoDataDirectory(
            f"there is no database in {folder}: set FACE_DATA_DIR to the service's data directory, or {new}"
        )
    click.echo(f"data directory: {folder}", err=True)


_AUDITED = {
    "encryption decrypt",
    "encryption rotate",
    "enroll",
    "export",
    "identify",
    "import",
    "keys create",
    "keys revoke",
    "keys rotate",
    "purge",
    "reembed",
    "retention apply",
    "retention set",
}
"""Commands that leave an audit entry."""

_ENROLS = {"encryption rotate", "enroll", "import", "reembed", "restore"}
"""Commands that may store faces."""


@asynccontextmanager
async def _audited(trail: AuditTrail) -> AsyncIterator[None]:
    """Leave an audit entry of this command, if it is one of _AUDITED."""
    command = running_command()
    collection = click.get_current_context().params.get("collection")
    with noting() as notes:
        result = "failed"
        try:
            yield
            result = notes.result
        except FaceServiceError as error:
            result = error.code
            raise
        except asyncio.CancelledError:
            result = "interrupted"
            raise
        finally:
            if command in _AUDITED:
                now = datetime.now(UTC)
                event = AuditEvent(
                    at=now, action=command, result=result, client="command line", collection=collection
                )
                trail.record(event, notes)
                await trail.written()


async def _run(work: "Callable[[Container], Awaitable[T]]", settings: Settings) -> T:
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    # This command alone fills the workers' queue; none of its photos may be refused as busy.
    queue = max(settings.queue, 2 * settings.bulk_concurrency)
    settings = msgspec.structs.replace(settings, queue=queue, costly_s=0)
    # Imported late: --help of a command should not wait for the models' and the database's libraries.
    start = import_module("entrypoints.bootstrap.start")
    container = start.Container(settings=providers.Object(settings))
    storing = start.storing(container, join=True, enrols=running_command() in _ENROLS)
    async with storing, _audited(container.audit_trail()):
        return await work(container)
