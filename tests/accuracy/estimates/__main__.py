"""Whether searches by estimates decide as those by embeddings, by what margin, and what they cost.

    python -m tests.accuracy.estimates analyse lfw/images lfw.npz
    python -m tests.accuracy.estimates analyse lfw/images lfw_worse.npz --ways 6
    python -m tests.accuracy.estimates search lfw.npz lfw_worse.npz mugshots.npz

Galleries are drawn from each set: people with one photo each, at most half of the set's, and people of other sets
beside them where the gallery is larger. Photos of the set are searched for, of people who are enrolled and of others.
"""

from collections.abc import Sequence
from pathlib import Path

import click

from application.analysis.selection import FaceSelection
from application.analysis.sources import SourceReader
from entrypoints.cli.bulk import FILE, FOLDER, OUTPUT
from entrypoints.cli.measuring import configured, measuring
from tests.accuracy.estimates.galleries import search_set
from tests.accuracy.estimates.photos import analyse_folder, read_photos, write_photos
from tests.accuracy.estimates.report import by_kind, by_people, left_out, photo_counts, report
from tests.accuracy.worse import WAYS
from tests.unit.fakes import InlineWorkers
from tests.waiting import wait_until


@click.group()
def estimates() -> None:
    """Compare decisions by estimates with those by embeddings."""


@estimates.command()
@click.argument("images", type=FOLDER)
@click.argument("output", type=OUTPUT)
@click.option("--ways", default=0, type=click.IntRange(0, len(WAYS)), help="make each photo worse in so many")
@click.option("--all-faces", is_flag=True, help="as with faces=all")
def analyse(images: Path, output: Path, ways: int, *, all_faces: bool) -> None:
    """Analyse a folder with one folder a person, and keep the estimates and embeddings of its photos.

    They are personal data: delete the file afterwards.
    """
    container = configured()
    reader = SourceReader(container.analyser(), InlineWorkers())
    models = reader.analyser.models
    embedder = models.embedder(models.choose(None, None).recognition)
    wait_until(lambda: embedder.estimates, "nothing is estimated here: see FACE_PRECISION")
    selection = FaceSelection.ALL if all_faces else FaceSelection.LARGEST
    with measuring() as progress:
        photos, refused = analyse_folder(reader, images, ways=ways, selection=selection, progress=progress)
    write_photos(output, photos, refused)


@estimates.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--people", "sizes", multiple=True, default=(10, 100, 1000), show_default=True, help="enrolled")
@click.option("--draws", default=20, show_default=True, help="galleries of each set and size")
def search(files: Sequence[Path], sizes: Sequence[int], draws: int) -> None:
    """Search for photos that were analysed, in galleries of different sizes."""
    container = configured()
    policy = container.policy()
    sets = [read_photos(file) for file in files]
    searches = {
        (photos.name, size): search_set(policy, sets, photos, size, draws)
        for photos in sets
        for size in sizes
    }
    for lines in (
        photo_counts(sets),
        report(searches),
        left_out(by_people(searches, sets)),
        left_out(by_kind(searches)),
    ):
        click.echo("\n".join(lines))


if __name__ == "__main__":
    estimates()
