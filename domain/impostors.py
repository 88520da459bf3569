"""How similar different people are, and what that makes of a threshold.

The similarities of different people (impostor scores) lie higher in some populations, before some cameras and for
some faces than for others. A score is therefore judged by what the enrolled people themselves say about impostors:
it is normalised by the mean and deviation of both faces' similarities to a cohort of other people (symmetric score
normalisation, S-norm: Shin et al., "Score normalization in speaker verification", 2008; Kenny, "Bayesian speaker
verification with heavy-tailed priors", 2010). In units of these deviations the tails of impostor scores are alike in
all populations that were measured (docs/accuracy.md), so that one table serves all.
"""

from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

ValueT = TypeVar("ValueT", float, NDArray[np.float64])
"""Of one face, or of an array of them; arrays are broadcast."""
_ValueT_co = TypeVar("_ValueT_co", covariant=True)

COHORT_SIZE = 512
"""Most people in a cohort: a deviation is then known to 3%."""

PRIOR_PEOPLE = 20
"""An average population counts for as much as so many enrolled people, in the moments of a gallery and in the mean
of a face. It and the next two were chosen leaving one data set out, see docs/accuracy.md."""
PRIOR_DEVIATION_PEOPLE = 80
"""Likewise the gallery's deviation in the deviation of one face: they differ little from face to face."""
SAME_PERSON = 3.5
"""Similarities of a face to its cohort that lie so many deviations above the mean are left out: the person may be in
it. Impostor scores get there once in several thousand times."""

USUAL_NORM = 0.9
"""Embedding norm, by what is usual for the model, of a face with which nothing is to be added; see `norm_penalty`."""
NORM_PENALTY = 9.0
"""How much is: chosen on mugshots with views from all sides, confirmed on other sets (docs/accuracy.md)."""
_NORM_RANGE = 0.4, 1.05

_LEAST_COHORT = 3
_DECILES = 2.5631
"""Deviations of a normal distribution between its first and last decile."""


class Moments(Protocol[_ValueT_co]):
    """Mean and standard deviation of impostor scores: an ImpostorDistribution, or arrays of them."""

    @property
    def mean(self) -> _ValueT_co: ...  # noqa: D102
    @property
    def deviation(self) -> _ValueT_co: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class ImpostorDistribution:
    """Similarities between different people, in two moments."""

    mean: float
    deviation: float
    """Standard deviation, above 0."""

    def __post_init__(self) -> None:
        """Hold the invariant.

        Raises:
            ValueError: the mean is no similarity, or the deviation is not positive.
        """
        if not -1 <= self.mean <= 1 or not 0 < self.deviation <= 1:
            raise ValueError("impostor similarities have a mean in [-1, 1] and a deviation in (0, 1]")

    def towards(self, other: "ImpostorDistribution", weight: float) -> "ImpostorDistribution":
        """Between this (weight 0) and another (1): means and variances are mixed."""
        variance = (1 - weight) * self.deviation**2 + weight * other.deviation**2
        return ImpostorDistribution((1 - weight) * self.mean + weight * other.mean, variance**0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """People of a gallery, one face each, who stand for all strangers."""

    people: int
    """Enrolled in the gallery, at least as many as are in the cohort."""
    vectors: NDArray[np.float32]
    """M x D, unit norm; M is at most COHORT_SIZE."""
    observed: ImpostorDistribution | None
    """Of the cohort's own pairs, robustly; None with fewer than three people, or if all are alike."""

    @classmethod
    def of(cls, people: int, vectors: NDArray[np.float32]) -> "Cohort":
        """A cohort and what its pairs show. `vectors` is M x D, unit norm."""
        return cls(people, vectors, _observe(vectors))

    @property
    def pairs(self) -> int:
        """The number of pairs of different people that were compared."""
        return len(self.vectors) * (len(self.vectors) - 1) // 2

    def population(self, prior: ImpostorDistribution) -> ImpostorDistribution:
        """What is to be expected of this gallery: the more people, the less of `prior` is in it."""
        if self.observed is None:
            return prior
        count = len(self.vectors)
        return prior.towards(self.observed, count / (count + PRIOR_PEOPLE))

    def impostors_of(self, face: NDArray[np.float32], prior: ImpostorDistribution) -> ImpostorDistribution:
        """How similar people other than its own are to a face.

        Args:
            face: D, unit norm.
            prior: of an average population.
        """
        population = self.population(prior)
        if self.vectors.shape[1] != len(face):
            # Nobody was enrolled, or by another network of the model's name.
            return population
        scores = np.clip(self.vectors @ face, -1, 1)
        others = scores[scores <= population.mean + SAME_PERSON * population.deviation].astype(np.float64)
        mean = (others.sum() + PRIOR_PEOPLE * population.mean) / (len(others) + PRIOR_PEOPLE)
        squares = ((others - mean) ** 2).sum() + PRIOR_DEVIATION_PEOPLE * population.deviation**2
        return ImpostorDistribution(
            float(mean), float((squares / (len(others) + PRIOR_DEVIATION_PEOPLE)) ** 0.5)
        )


def norm_penalty(one: ValueT, other: ValueT) -> ValueT:
    """What the normalised score of two faces must reach beyond the usual, from their embeddings' norms.

    Recognisers give short vectors to faces of which they make little, and these resemble each other, whoever they
    are of: at one threshold two of norm 0.5 match by error a hundred times as often as two of norm 0.9, and a short
    with a long one hardly ever. The product of what both lack describes it, with a sign.

    Args:
        one: the length of the network's vector by what is usual for the model, a number or an array.
        other: of the other face; arrays are broadcast.
    """
    low, high = _NORM_RANGE
    lacking = [USUAL_NORM - np.minimum(np.maximum(norm, low), high) for norm in (one, other)]
    penalty: ValueT = NORM_PENALTY * lacking[0] * lacking[1]
    return penalty


def normalised_score(similarity: ValueT, one: Moments[ValueT], other: Moments[ValueT]) -> ValueT:
    """A similarity of two faces in deviations above the mean of their impostors, the mean of both views."""
    return ((similarity - one.mean) / one.deviation + (similarity - other.mean) / other.deviation) / 2


def similarity_at(score: ValueT, one: Moments[ValueT], other: Moments[ValueT]) -> ValueT:
    """The similarity that has a normalised score: the inverse of `normalised_score`."""
    means = one.mean / one.deviation + other.mean / other.deviation
    return (2 * score + means) / (1 / one.deviation + 1 / other.deviation)


def _observe(vectors: NDArray[np.float32]) -> ImpostorDistribution | None:
    """Of all pairs of rows; a few that are the same person, or broken, move it little."""
    count = len(vectors)
    if count < _LEAST_COHORT:
        return None
    # Row by row: one product of matrices would wake BLAS's threads, which takes several times as long.
    scores = np.concatenate([vectors[:row] @ vectors[row] for row in range(1, count)])
    low, middle, high = np.quantile(scores, (0.1, 0.5, 0.9))
    reach = SAME_PERSON * (high - low) / _DECILES
    # Of equal vectors the product may lie beyond 1 by the last bit.
    scores = np.clip(scores, max(middle - reach, -1), min(middle + reach, 1)).astype(np.float64)
    mean, deviation = float(np.clip(scores.mean(), -1, 1)), float(scores.std())
    return ImpostorDistribution(mean, deviation) if deviation > 0 else None
