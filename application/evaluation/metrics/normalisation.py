"""The impostor scores of one set, normalised as the service normalises them (domain.impostors)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.evaluation.metrics.impostor_scores import BINS, Impostors, ScoreHistogram, compare_everyone
from domain.impostors import COHORT_SIZE, USUAL_NORM, Cohort, ImpostorDistribution, norm_penalty

SCORE_SCALE = 10.0
"""Normalised scores, in deviations, are divided by it to lie in the range of similarities, -1 to 1."""

_BLOCK = 2_000_000
"""Pairs that are compared at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class NormalisedSet:
    """All comparisons of different people of one set."""

    name: str
    similarities: Impostors
    distribution: ImpostorDistribution
    """Of the similarities; each pair of people weighs the same."""
    scores: ScoreHistogram
    """The normalised scores by SCORE_SCALE, likewise."""

    @property
    def pairs_of_people(self) -> int:
        """How much the set tells."""
        return self.similarities.pairs_of_people


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Of the impostor similarities of N faces, one row a face."""

    means: NDArray[np.float64]
    deviations: NDArray[np.float64]

    @classmethod
    def of(cls, vectors: NDArray[np.float32], cohort: Cohort, prior: ImpostorDistribution) -> "Moments":
        """See Cohort.impostors_of; `vectors` is N x D, unit norm."""
        each = [cohort.impostors_of(vector, prior) for vector in vectors]
        return cls(np.array([one.mean for one in each]), np.array([one.deviation for one in each]))

    def scores(
        self, similarities: NDArray[np.float64], other: "Moments", rows: slice = slice(None)
    ) -> NDArray[np.float64]:
        """Normalised scores of some of these faces (rows) and all others (columns)."""
        one = (similarities - self.means[rows, None]) / self.deviations[rows, None]
        two = (similarities - other.means) / other.deviations
        return np.asarray((one + two) / 2)


def normalise(
    name: str,
    vectors: NDArray[np.float32],
    people: NDArray[np.intp],
    norms: NDArray[np.float32] | None = None,
) -> NormalisedSet:
    """Compare all photos of different people.

    Args:
        name: of the set.
        vectors: N x D, unit norm; rows of NaN are left out.
        people: N, which person each photo shows; at least two of them.
        norms: N, see EvaluationSet.norms.
    """
    found = ~np.isnan(vectors).any(axis=1)
    vectors, people = vectors[found], np.unique(people[found], return_inverse=True)[1]
    lacking = np.full(len(vectors), USUAL_NORM) if norms is None else known_norms(norms[found])
    similarities = compare_everyone(vectors, people)
    distribution = _moments(similarities.everyone)
    firsts = np.unique(people, return_index=True)[1]
    chosen = np.random.default_rng(0).permutation(firsts)[:COHORT_SIZE]
    moments = Moments.of(vectors, Cohort.of(len(firsts), vectors[chosen]), distribution)
    weight = 1 / np.bincount(people)[people]
    weights = np.zeros(BINS)
    step = max(1, _BLOCK // len(vectors))
    for start in range(0, len(vectors), step):
        rows = slice(start, start + step)
        scores = moments.scores((vectors[rows] @ vectors.T).astype(np.float64), moments, rows)
        scores -= norm_penalty(lacking[rows, None], lacking)
        different = people[rows, None] != people
        places = np.clip((scores[different] / SCORE_SCALE + 1) * (BINS / 2), 0, BINS - 1).astype(np.intp)
        weights += np.bincount(places, (weight[rows, None] * weight)[different], minlength=BINS)
    return NormalisedSet(
        name, similarities, distribution, ScoreHistogram(weights / 2, similarities.everyone.pairs)
    )


def known_norms(norms: NDArray[np.float32]) -> NDArray[np.float64]:
    """Norms, with the neutral one where none is known."""
    return np.nan_to_num(norms.astype(np.float64), nan=USUAL_NORM)


def _moments(histogram: ScoreHistogram) -> ImpostorDistribution:
    middles = (np.arange(BINS) + 0.5) * 2 / BINS - 1
    share = histogram.weights / histogram.weights.sum()
    mean = float(share @ middles)
    return ImpostorDistribution(mean, max(float(np.sqrt(share @ (middles - mean) ** 2)), 1e-6))
