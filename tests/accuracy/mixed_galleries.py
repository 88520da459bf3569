"""How often searches name strangers where people of several sets are enrolled together.

    python -m tests.accuracy.mixed_galleries --vectors LFW.npz --vectors mugshots.npz ...

Files are those of `face-api embed-set`. Half of a set's people, at most, are enrolled with one photo each, and people
of the other sets beside them. Thresholds are those of a table that the set searched for has no part in, fitted to all
who are enrolled.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

from adapters.files.vectors import NpzVectorFiles
from application.analysis.embedding import Fidelity
from application.evaluation.calibration.calibrate import fit, usable
from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.metrics.normalisation import normalise
from domain.faces import Embedding
from domain.models import ModelChoice
from domain.quality import LENIENT, Measure
from entrypoints.cli.bulk import FILE
from entrypoints.cli.measuring import configured, loading
from tests.accuracy.estimates.galleries import search_set
from tests.accuracy.estimates.photos import AS_IT_IS, AnalysedPhoto, PhotoSet
from tests.accuracy.estimates.steps import Step, Steps

SIZES = (10, 100, 1000)
DRAWS = 20


def embedded(photos: EvaluationSet, model: str, usual_norm: float) -> PhotoSet:
    """A set whose photos are searched for by their embeddings. Nobody is in two sets."""
    analysed = []
    for vector, norm, person in zip(photos.vectors, photos.norms, photos.names, strict=True):
        step = Step(Embedding(vector, model, float(norm) * usual_norm), Fidelity.EXACT, 0.0, 0.0)
        analysed.append(AnalysedPhoto(f"{photos.name}/{person}", AS_IT_IS, Steps("", (step,))))
    return PhotoSet.of(photos.name, analysed, Counter())


@click.command()
@click.option("--vectors", multiple=True, required=True, type=FILE)
@click.option("--least-norm", default=LENIENT.limits[Measure.EMBEDDING_NORM], show_default=True)
def mixed_galleries(vectors: Sequence[Path], least_norm: float) -> None:
    """Print rates of searches for each set."""
    container = configured()
    _, loader = loading()
    embedder, policy = loader.embedder, container.policy()
    usual = embedder.usual_norm
    assert usual is not None, "norms say nothing about this model's faces"
    models = ModelChoice("yunet", embedder.name)
    sets = [
        usable(EvaluationSet.of(path.stem, NpzVectorFiles().read(path), embedder), least_norm)
        for path in vectors
    ]
    compared = [normalise(each.name, each.vectors, each.people, each.norms) for each in sets]
    photos = [embedded(each, embedder.name, usual) for each in sets]
    click.echo(
        "| set left out, people enrolled | own | searches: mated, others | TPIR | FPIR | pairs of people |"
    )
    click.echo("|---|---|---|---|---|---|")
    for number, each in enumerate(photos):
        others = [one for place, one in enumerate(compared) if place != number]
        table = fit(others, models, "the other sets", usual)
        fitted = replace(policy, load_table={embedder.name: table}.get)
        for size in SIZES:
            searches = search_set(fitted, photos, each, size, DRAWS)
            mated = [search for search in searches if search.mated]
            strangers = [search for search in searches if not search.mated]
            named = [search for search in strangers if search.exact.person is not None]
            right = np.mean([search.exact.person == search.person for search in mated])
            click.echo(
                f"| {each.name}, {size} | {min(size, len(each.enrolled) // 2)} | {len(mated)}, {len(strangers)} |"
                f" {right:.1%} | {len(named) / len(strangers):.2%} |"
                f" {len({(search.person, search.exact.person) for search in named})} |"
            )


if __name__ == "__main__":
    mixed_galleries()
