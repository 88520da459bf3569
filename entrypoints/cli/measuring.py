"""What `face-api evaluate` and `face-api calibrate` share."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import click
from dependency_injector import providers
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from application.errors import CommandError
from application.evaluation import parallel
from application.evaluation.photos import EmbedPhotos
from domain.errors import FaceServiceError
from entrypoints.container import Container
from entrypoints.settings import Settings, load_settings

IMAGES = click.option(
    "--images",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="folder with one folder a person, and photos in it",
)
DETECTION = click.option("--detection", metavar="MODEL", help="instead of FACE_DETECTION_MODEL")
RECOGNITION = click.option("--recognition", metavar="MODEL", help="instead of FACE_RECOGNITION_MODEL")

KEYS = {1e-2: "1e-2", 1e-3: "1e-3", 1e-4: "1e-4"}
"""How false match rates are written."""


def configured() -> tuple[Settings, Container]:
    """The settings, and the models that they name; neither database nor server is needed."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    settings = load_settings()
    return settings, in_one_thread(settings)


def in_one_thread(settings: Settings) -> Container:
    """A container in which no image takes several cores, however idle they are: what is measured is one's time."""
    container = Container(settings=providers.Object(settings))
    container.spare.override(providers.Object(None))
    return container


def pipeline() -> tuple[Settings, EmbedPhotos]:
    """The configured models."""
    settings, container = configured()
    return settings, EmbedPhotos(container.analyser(), settings.worker_count)


@contextlib.contextmanager
def measuring() -> Iterator[parallel.Progress]:
    """A progress bar on stderr; what goes wrong meanwhile becomes one line."""
    bar = Progress(
        *Progress.get_default_columns(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    task = bar.add_task("photos", total=None)

    with contextlib.ExitStack() as shown:

        def progress(done: int, total: int) -> None:
            if not bar.live.is_started:  # what fails before any work shows no bar
                shown.enter_context(bar)
            bar.update(task, completed=done, total=total)

        try:
            yield progress
        except (CommandError, FaceServiceError) as error:
            raise click.ClickException(str(error)) from error
