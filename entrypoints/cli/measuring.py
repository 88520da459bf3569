"""What the commands that measure share: `face-api evaluate`, `calibrate` and their kin."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click
from dependency_injector import providers
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from adapters.files.vectors import NpzVectorFiles
from application.errors import CommandError
from application.evaluation import parallel
from application.evaluation.errors import EvaluationError
from application.evaluation.groups import Grouping, parse_groups
from application.evaluation.photos import EmbedPhotos
from application.evaluation.sets import LoadSets, PhotoFolder, SetSource, VectorFile
from domain.errors import FaceServiceError, ModelNotCalibrated
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.remedies import explained
from entrypoints.bootstrap.settings import Settings, load_settings

IMAGES = click.option(
    "--images",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="folder with one folder a person, and photos in it",
)
IMAGE_SETS = click.option(
    "--images",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="a set as photos: a folder with one folder a person",
)
VECTOR_SETS = click.option(
    "--vectors",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="a set as embeddings: an .npz file with `vectors` and `person`, such as embed-set writes",
)
GROUPS = click.option(
    "--groups",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="a CSV file that says in which group each `person` or `photo` is: age band, sex, origin, camera ...",
)
LABELS = click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="NAME",
    help="tell photos apart by a label that is in the file of vectors, or by their `set`",
)
DETECTION = click.option("--detection", metavar="MODEL", help="instead of FACE_DETECTION_MODEL")
RECOGNITION = click.option("--recognition", metavar="MODEL", help="instead of FACE_RECOGNITION_MODEL")

MAX_GROUPS_BYTES = 64 * 2**20

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


def loading() -> tuple[Settings, LoadSets]:
    """What reads evaluation sets for the configured models."""
    settings, embedding = pipeline()
    return settings, LoadSets(embedding, NpzVectorFiles())


def grouping(groups: Path | None, labels: Sequence[str]) -> Grouping:
    """What the options tell photos apart by.

    Raises:
        click.ClickException: the file can't be used.
    """
    try:
        return Grouping(None if groups is None else parse_groups(_text(groups)), tuple(labels))
    except EvaluationError as error:
        raise click.ClickException(str(error)) from error


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_GROUPS_BYTES:
            raise click.ClickException(f"{path} is larger than {MAX_GROUPS_BYTES >> 20} MiB")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"can't read {path}: it must be a text file in UTF-8") from error


def verification_threshold(settings: Settings) -> Callable[[str], tuple[float, float] | None]:
    """The similarity and the false match rate of a verification, by the model's name; None without calibration."""
    policy = in_one_thread(settings).policy()

    def threshold(model: str) -> tuple[float, float] | None:
        try:
            return policy.verification(model).similarity, settings.target_fmr
        except ModelNotCalibrated:
            return None

    return threshold


def identification_threshold(settings: Settings) -> Callable[[str, int], float | None]:
    """The similarity of a search, by the model's name and the people enrolled; None without calibration."""
    policy = in_one_thread(settings).policy()

    def threshold(model: str, people: int) -> float | None:
        try:
            return policy.identification(model, people).similarity
        except ModelNotCalibrated:
            return None

    return threshold


def sources(images: Sequence[Path], vectors: Sequence[Path]) -> list[SetSource]:
    """The sets that the options name, photos first.

    Raises:
        click.UsageError: there are none.
    """
    if not images and not vectors:
        raise click.UsageError("a set is needed: --images FOLDER or --vectors FILE")
    return [*map(PhotoFolder, images), *map(VectorFile, vectors)]


def source(images: Sequence[Path], vectors: Sequence[Path]) -> SetSource:
    """The set that the options name.

    Raises:
        click.UsageError: there is none, or there are several.
    """
    found = sources(images, vectors)
    if len(found) > 1:
        raise click.UsageError("one set can be measured at a time: --images FOLDER or --vectors FILE, once")
    return found[0]


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
            raise click.ClickException(explained(error)) from error
