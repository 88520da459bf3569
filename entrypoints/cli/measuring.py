"""What the commands that measure share: options, what they load, how errors and progress are shown."""

import contextlib
import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import click
from dependency_injector import providers

from adapters.files.vectors import NpzVectorFiles
from application.errors import CommandError
from application.evaluation.datasets.embedding import EmbedPhotos
from application.evaluation.datasets.evaluation_set import LoadSets
from application.evaluation.datasets.groups import Grouping, parse_groups
from application.evaluation.datasets.photos import Progress as ReportProgress
from domain.errors import FaceServiceError
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.remedies import explained
from entrypoints.bootstrap.settings import Settings, load_settings
from entrypoints.cli.bulk import DETECTION, FILE, FOLDER, RECOGNITION
from entrypoints.cli.progress import progress
from entrypoints.cli.reports import output_report

CommandT = TypeVar("CommandT", bound=Callable[..., object])

JSON = click.option("--json", "as_json", is_flag=True, help="print JSON")
_IMAGE_SETS = click.option(
    "--images", multiple=True, type=FOLDER, help="a set as photos: a folder with one folder a person"
)
_VECTOR_SETS = click.option(
    "--vectors",
    multiple=True,
    type=FILE,
    help="a set as embeddings: an .npz file with `vectors` and `person`, such as embed-set writes",
)
_GROUPS = click.option(
    "--groups",
    type=FILE,
    help="a CSV file that says in which group each `person` or `photo` is: age band, sex, origin, camera ...",
)
_LABELS = click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME",
    help="report rates by a label that is in the file of vectors, or by `set`",
)

MAX_GROUPS_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """What the options of a command on evaluation sets say."""

    container: Container
    loading: LoadSets
    sources: Sequence[Path]
    progress: ReportProgress


class Figures(NamedTuple):
    """What a command prints."""

    machine: object
    """For JSON."""
    text: str


def set_options(command: CommandT) -> CommandT:
    """The options of a command on evaluation sets: images, vectors, detection, recognition."""
    for option in (RECOGNITION, DETECTION, _VECTOR_SETS, _IMAGE_SETS):
        command = option(command)
    return command


def measures_sets(measure: Callable[..., Figures]) -> Callable[..., None]:
    """Make a command of a function that takes a Measurement, and options of its own, and returns what to print."""

    @set_options
    @JSON
    @functools.wraps(measure)
    def command(
        images: tuple[Path, ...],
        vectors: tuple[Path, ...],
        detection: str | None,
        recognition: str | None,
        *,
        as_json: bool,
        **options: object,
    ) -> None:
        chosen = sources(images, vectors)
        with measuring() as progress:
            container, sets = loading(detection, recognition)
            figures = measure(Measurement(container, sets, chosen, progress), **options)
        output_report(*figures, as_json=as_json)

    return command


def group_options(command: CommandT) -> CommandT:
    """The options of a command that reports rates by group: groups, labels."""
    return _GROUPS(_LABELS(command))


def configured() -> Container:
    """The settings, and the models that they name; neither database nor server is needed."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    return in_one_thread(load_settings())


def in_one_thread(settings: Settings) -> Container:
    """A container in which an image never takes several cores, however idle they are."""
    container = Container(settings=providers.Object(settings))
    container.spare.override(providers.Object(None))
    return container


def loading(detection: str | None = None, recognition: str | None = None) -> tuple[Container, LoadSets]:
    """What reads evaluation sets for the models of these names, or the configured ones.

    Raises:
        UnknownModel: see ModelLibrary.
    """
    container = configured()
    analyser, workers = container.analyser(), container.settings().worker_count
    models = analyser.models.choose(detection, recognition)
    return container, LoadSets(EmbedPhotos(analyser, models, workers), NpzVectorFiles())


def grouping(groups: Path | None, labels: Sequence[str]) -> Grouping:
    """The groups that the options name.

    Raises:
        click.ClickException: the file can't be read.
        EvaluationError: it is malformed.
    """
    return Grouping(None if groups is None else parse_groups(read_text(groups)), tuple(labels))


def read_text(path: Path) -> str:
    """The content of a text file of moderate size.

    Raises:
        click.ClickException: it can't be read, or is too large.
    """
    try:
        if path.stat().st_size > MAX_GROUPS_BYTES:
            raise click.ClickException(f"{path} is larger than {MAX_GROUPS_BYTES >> 20} MiB")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"can't read {path}: it must be a text file in UTF-8") from error


def sources(images: Sequence[Path], vectors: Sequence[Path]) -> list[Path]:
    """The sets that the options name, photos first.

    Raises:
        click.UsageError: there are none.
    """
    if not images and not vectors:
        raise click.UsageError("at least one set is needed: --images FOLDER or --vectors FILE")
    return [*images, *vectors]


def write(target: Path, write_file: Callable[[Path], None]) -> None:
    """Write a result and say where.

    Raises:
        click.ClickException: it can't be written.
    """
    try:
        write_file(target)
    except OSError as error:
        raise click.ClickException(f"can't write {target}: {error.strerror}") from error


@contextlib.contextmanager
def measuring() -> Iterator[ReportProgress]:
    """Progress on stderr; errors that are raised meanwhile become one line."""
    with progress("photos", None) as update:
        try:
            yield update
        except (CommandError, FaceServiceError) as error:
            raise click.ClickException(explained(error)) from error
