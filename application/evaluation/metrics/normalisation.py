"""The impostor scores of one set, normalised as the service does it (domain.impostors)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.evaluation.metrics.impostor_scores import (
    BINS,
    ImpostorScores,
    ScoreHistogram,
    compare_everyone,
)
from application.evaluation.metrics.photo_pairs import row_blocks
from domain.impostors import (
    COHORT_SIZE,
    USUAL_NORM,
    Cohort,
    ImpostorDistribution,
    ImpostorMoments,
    norm_penalty,
    normalised_score,
)

SCORE_SCALE = 10.0
"""Normalised scores, in deviations, are divided by it to lie in the range of similarities, -1 to 1."""


@dataclass(frozen=True, slots=True, eq=False)
class NormalisedSet:
    """All comparisons of different people of one set."""

    name: str
    similarities: ImpostorScores
    distribution: ImpostorDistribution
    """Of the similarities; each pair of people weighs the same."""
    scores: ScoreHistogram
    """The normalised scores by SCORE_SCALE, likewise."""


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
    moments = ImpostorMoments.of(vectors, Cohort.of(len(firsts), vectors[chosen]), distribution)
    weight = 1 / np.bincount(people)[people]
    weights = np.zeros(BINS)
    for rows in row_blocks(len(vectors)):
        similar = (vectors[rows] @ vectors.T).astype(np.float64)
        scores = normalised_score(similar, moments.take(rows).column, moments)
        scores -= norm_penalty(lacking[rows, None], lacking)
        different = people[rows, None] != people
        places = np.clip((scores[different] / SCORE_SCALE + 1) * (BINS / 2), 0, BINS - 1).astype(np.intp)
        weights += np.bincount(places, (weight[rows, None] * weight)[different], minlength=BINS)
    return NormalisedSet(
        name, similarities, distribution, ScoreHistogram(weights / 2, similarities.everyone.pairs)
    )


def known_norms(norms: NDArray[np.float32]) -> NDArray[np.float64]:
    """Norms, with USUAL_NORM, which adds no penalty, where none is known."""
    return np.nan_to_num(norms.astype(np.float64), nan=USUAL_NORM)


def _moments(histogram: ScoreHistogram) -> ImpostorDistribution:
    middles = (np.arange(BINS) + 0.5) * 2 / BINS - 1
    share = histogram.weights / histogram.weights.sum()
    mean = float(share @ middles)
    return ImpostorDistribution(mean, max(float(np.sqrt(share @ (middles - mean) ** 2)), 1e-6))
