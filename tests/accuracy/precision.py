"""Whether faces enrolled in one precision are found in the other: `python -m tests.accuracy.precision FLOAT INT8`.

The files are those of `face-api embed-set`, of the same photos, with FACE_PRECISION=float and FACE_PRECISION=int8.
"""

from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from adapters.files.vectors import NpzVectorFiles
from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.metrics.identification import nearest
from application.evaluation.metrics.impostor_scores import BINS, ScoreHistogram
from domain.quality import LENIENT, Measure
from entrypoints.cli.measuring import loading

RATES = (1e-3, 1e-4)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """All photos of a set, enrolled by one precision, against all others, probes of another."""

    enrolled: NDArray[np.float32]
    probes: NDArray[np.float32]
    people: NDArray[np.intp]

    def impostors(self) -> ScoreHistogram:
        """Similarities of different people; each pair of people weighs the same."""
        weight = 1 / np.bincount(self.people)[self.people]
        weights, pairs = np.zeros(BINS), 0
        for row, person in enumerate(self.people):
            others = self.people != person
            scores = self.probes[others] @ self.enrolled[row]
            weights += np.histogram(scores, BINS, (-1, 1), weights=weight[row] * weight[others])[0]
            pairs += int(others.sum())
        return ScoreHistogram(weights, pairs)

    def genuine(self) -> NDArray[np.float32]:
        """Similarities of different photos of the same person."""
        scores = []
        for row, person in enumerate(self.people):
            same = np.flatnonzero(self.people == person)
            scores.append(self.probes[same[same != row]] @ self.enrolled[row])
        return np.concatenate(scores)

    def rank1(self) -> float:
        """Of the second photos of people whose first is enrolled, the share whose nearest is the right one."""
        _, first, counts = np.unique(self.people, return_index=True, return_counts=True)
        first = first[counts > 1]
        second = [np.flatnonzero(self.people == self.people[row])[1] for row in first]
        found, _ = nearest(self.probes[second], self.enrolled[first])
        return float((found == np.arange(len(first))).mean())


@click.command()
@click.argument("float_file", type=click.Path(exists=True, path_type=Path))
@click.argument("int8_file", type=click.Path(exists=True, path_type=Path))
def precision(float_file: Path, int8_file: Path) -> None:
    """Compare two files of vectors of the same photos."""
    _, loader = loading()
    exact, coarse = (
        EvaluationSet.of(path.stem, NpzVectorFiles().read(path), loader.embedder)
        for path in (float_file, int8_file)
    )
    if exact.photos != coarse.photos:
        raise click.UsageError("the files are of different photos")
    rows = exact.found & coarse.found & ~(exact.norms < LENIENT.limits[Measure.EMBEDDING_NORM])
    floats, ints, people = exact.vectors[rows], coarse.vectors[rows], exact.people[rows]
    same = (floats * ints).sum(axis=1)
    click.echo(f"{len(people)} photos; a face in both precisions: similarity {np.median(same):.4f},")
    click.echo(f"lowest hundredth {np.quantile(same, 0.01):.4f}")
    pairings = {
        "float, float": Comparison(floats, floats, people),
        "int8, int8": Comparison(ints, ints, people),
        "float, int8": Comparison(floats, ints, people),
    }
    reference = pairings["float, float"].impostors()
    for fmr in RATES:
        shared = reference.threshold(fmr)
        click.echo(f"\nFMR {fmr:g}       threshold  FNMR    at float's threshold: FMR, FNMR")
        for name, compared in pairings.items():
            impostors, genuine = compared.impostors(), compared.genuine()
            own = impostors.threshold(fmr)
            rates = f"{impostors.fmr(shared):.2e}  {(genuine < shared).mean():.2%}"
            click.echo(f"{name:14} {own:.4f}    {(genuine < own).mean():6.2%}  {rates}")
    click.echo("\nrank 1 " + "; ".join(f"{name} {each.rank1():.2%}" for name, each in pairings.items()))


if __name__ == "__main__":
    precision()
