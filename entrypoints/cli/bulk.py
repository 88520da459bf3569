"""What the commands on many faces share: how they run, what they show, what they report."""

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import click
import msgspec
import uvloop
from dependency_injector import providers
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from application.errors import CommandError
from domain.errors import CollectionNotFound, FaceServiceError, Unavailable
from domain.people import DEFAULT_COLLECTION
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.remedies import explained
from entrypoints.bootstrap.settings import Settings, load_settings
from entrypoints.bootstrap.start import storing

T = TypeVar("T")

COLLECTION = click.option(
    "--collection", metavar="NAME", default=DEFAULT_COLLECTION, show_default=True, help="the collection"
)
DETECTION = click.option("--detection", metavar="MODEL", help="instead of FACE_DETECTION_MODEL")
RECOGNITION = click.option("--recognition", metavar="MODEL", help="instead of FACE_RECOGNITION_MODEL")
LIVENESS = click.option(
    "--liveness",
    type=click.Choice(["off", "observe", "enforce"]),
    help="a stricter policy than FACE_LIVENESS",
)
JSON = click.option("--json", "as_json", is_flag=True, help="print the report as JSON")
REPORT = click.option(
    "--report",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="write the report as JSON to a file",
)

INTERRUPTED = 130
"""The status of a command that was stopped by Ctrl-C or SIGTERM, as shells have it."""


def carry_out(work: Callable[[Container], Awaitable[T]]) -> T:
    """Run `work` with the configured storage; whatever stops it is one line.

    A service that has the embedded database open is no hindrance: its server is used.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    settings = load_settings()
    if settings.database_url == "memory":
        raise click.ClickException(
            "FACE_DATABASE_URL is memory: there is nothing that this command could keep or see"
        )
    try:
        return uvloop.run(_carried_out(work, settings))
    except (asyncio.CancelledError, KeyboardInterrupt):
        click.echo("stopped; run the same command again to go on", err=True)
        raise SystemExit(INTERRUPTED) from None
    except CollectionNotFound as error:
        raise click.ClickException(f"{error} See --collection.") from error
    except Unavailable as error:
        raise click.ClickException(f"{error} Run the same command again to go on.") from error
    except (CommandError, FaceServiceError) as error:
        raise click.ClickException(explained(error)) from error


async def _carried_out(work: Callable[[Container], Awaitable[T]], settings: Settings) -> T:
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    # Nobody else gives work to these workers, and nobody is to be told that they are busy.
    roomy = msgspec.structs.replace(settings, queue=max(settings.queue, 2 * settings.bulk_width))
    container = Container(settings=providers.Object(roomy))
    async with storing(container, join=True):
        return await work(container)


@contextlib.contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr; call what it gives with how much is done."""
    bar = Progress(
        *Progress.get_default_columns(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


async def shown(results: AsyncIterator[T], what: str, total: int) -> AsyncIterator[T]:
    """The results, with a bar that counts them."""
    with progress(what, total) as update:
        done = 0
        async for result in results:
            done += 1
            update(done)
            yield result


class Report(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a command has done, for programs."""

    command: str
    seconds: float
    """How long the command took."""


class Clock:
    """Measures how long a command takes."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since this object was made."""
        return round(time.monotonic() - self._begun, 3)


def check_report(path: Path | None) -> None:
    """Find out before the work whether a report can be written."""
    if path is not None and not path.absolute().parent.is_dir():
        raise click.ClickException(f"--report: there is no folder {path.parent}")


def tell(report: Report, text: str, path: Path | None, *, as_json: bool) -> None:
    """Print a report, for a person or as JSON, and write it to a file if one is given."""
    document = msgspec.json.format(msgspec.json.encode(report))
    if path is not None:
        write_private(path, document)
    click.echo(document.decode() if as_json else text)


def write_private(path: Path, data: bytes) -> None:
    """A file that this account alone may read: it has names. It appears whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(data)
        part.replace(path)
    except OSError as error:
        raise click.ClickException(f"can't write {path}: {error.strerror}") from error


def printable(text: str | Path) -> str:
    """A file's name, or a text from one, which need not be in any encoding."""
    return os.fsencode(text).decode(errors="replace")


def count(number: int, one: str, many: str) -> str:
    """`1 photo`, `2 photos`."""
    return f"{number:,} {one if number == 1 else many}"
