"""Impostor scores of a gallery, and thresholds fitted to them.

Similarities of different people (impostor scores) are higher in some populations, with some cameras and for some
faces than for others. A score is therefore normalised by the mean and deviation of both faces' similarities to a
cohort of other enrolled people (symmetric score normalisation, S-norm: Shin et al., "Score normalization in speaker
verification", 2008; Kenny, "Bayesian speaker verification with heavy-tailed priors", 2010). In units of these
deviations the tails of impostor scores are alike in all populations that were measured (docs/accuracy.md), so that
one table serves all.
"""

from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

ValueT = TypeVar("ValueT", float, NDArray[np.float64])
"""Of one face, or of an array of them; arrays are broadcast."""
_ValueT_co = TypeVar("_ValueT_co", covariant=True)

COHORT_SIZE = 512
"""Largest number of people in a cohort; enough to know a deviation to 3%."""

PRIOR_PEOPLE = 20
"""Weight of the prior, in enrolled people, for the mean and deviation of a gallery and for the mean of a face. This
and the next two constants were chosen by leaving one data set out, see docs/accuracy.md."""
PRIOR_DEVIATION_PEOPLE = 80
"""Weight of the gallery's deviation in that of one face, in people; deviations differ little between faces."""
SAME_PERSON = 3.5
"""Similarities of a face to its cohort that are more deviations above the mean than this are ignored: the cohort may
contain the same person. Impostor scores get there once in several thousand comparisons."""

USUAL_NORM = 0.9
"""Relative embedding norm (1 is the model's median) at which the penalty is zero; see `norm_penalty`."""
NORM_PENALTY = 9.0
"""How much is: chosen on mugshots with views from all sides, confirmed on other sets (docs/accuracy.md)."""
_NORM_RANGE = 0.4, 1.05

_LEAST_COHORT = 3
_BLOCK = 1024
"""Faces whose similarities to a cohort are computed at once."""
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
    """Mean and standard deviation of similarities between different people."""

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
        """A mixture with another distribution, whose weight is 0..1; means and variances are averaged."""
        variance = (1 - weight) * self.deviation**2 + weight * other.deviation**2
        return ImpostorDistribution((1 - weight) * self.mean + weight * other.mean, variance**0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """A sample of the people of a gallery, one face each, which represents impostors."""

    people: int
    """Number of people enrolled in the gallery, at least that of the cohort."""
    vectors: NDArray[np.float32]
    """M x D, unit norm; M is at most COHORT_SIZE."""
    observed: ImpostorDistribution | None
    """Robust estimate from the cohort's own pairs; None for fewer than three people, or if all are equal."""

    @classmethod
    def of(cls, people: int, vectors: NDArray[np.float32]) -> "Cohort":
        """A cohort with the distribution of its pairs' scores. `vectors` is M x D, unit norm."""
        return cls(people, vectors, _observe(vectors))

    @property
    def pairs(self) -> int:
        """The number of pairs of different people that were compared."""
        return len(self.vectors) * (len(self.vectors) - 1) // 2

    def population(self, prior: ImpostorDistribution) -> ImpostorDistribution:
        """Impostor scores expected in this gallery; the weight of `prior` falls with the number of people."""
        if self.observed is None:
            return prior
        count = len(self.vectors)
        return prior.towards(self.observed, count / (count + PRIOR_PEOPLE))

    def impostors_of(self, face: NDArray[np.float32], prior: ImpostorDistribution) -> ImpostorDistribution:
        """Distribution of a face's similarities to people other than its own.

        Args:
            face: D, unit norm.
            prior: the distribution of an average population.
        """
        population = self.population(prior)
        if self.vectors.shape[1] != len(face):
            # An empty cohort, or one of another network of the same name.
            return population
        # Of a few numbers np.clip takes five times as long.
        scores = np.minimum(np.maximum(self.vectors @ face, -1), 1)
        others = scores[scores <= population.mean + SAME_PERSON * population.deviation].astype(np.float64)
        mean = (float(others.sum()) + PRIOR_PEOPLE * population.mean) / (len(others) + PRIOR_PEOPLE)
        deviations = others - mean
        squares = float(deviations @ deviations) + PRIOR_DEVIATION_PEOPLE * population.deviation**2
        return ImpostorDistribution(mean, (squares / (len(others) + PRIOR_DEVIATION_PEOPLE)) ** 0.5)


@dataclass(frozen=True, slots=True, eq=False)
class ImpostorMoments:
    """Of the impostor scores of each of several faces: arrays of one shape."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(
        cls, vectors: NDArray[np.float32], cohort: Cohort, prior: ImpostorDistribution
    ) -> "ImpostorMoments":
        """See Cohort.impostors_of; `vectors` is N x D, unit norm."""
        population = cohort.population(prior)
        mean = np.full(len(vectors), population.mean)
        deviation = np.full(len(vectors), population.deviation)
        if cohort.vectors.shape[1] == vectors.shape[1]:
            highest = population.mean + SAME_PERSON * population.deviation
            for start in range(0, len(vectors), _BLOCK):
                rows = slice(start, start + _BLOCK)
                scores = np.clip(vectors[rows] @ cohort.vectors.T, -1, 1).astype(np.float64)
                others = scores <= highest
                count = others.sum(axis=1)
                mean[rows] = (np.where(others, scores, 0).sum(axis=1) + PRIOR_PEOPLE * population.mean) / (
                    count + PRIOR_PEOPLE
                )
                squares = np.where(others, scores - mean[rows, None], 0) ** 2
                deviation[rows] = np.sqrt(
                    (squares.sum(axis=1) + PRIOR_DEVIATION_PEOPLE * population.deviation**2)
                    / (count + PRIOR_DEVIATION_PEOPLE)
                )
        return cls(mean, deviation)

    def take(self, rows: slice | NDArray[np.intp]) -> "ImpostorMoments":
        """Those of some of the faces."""
        return ImpostorMoments(self.mean[rows], self.deviation[rows])

    @property
    def column(self) -> "ImpostorMoments":
        """N x 1, to be compared with those of a row of faces."""
        return ImpostorMoments(self.mean[:, None], self.deviation[:, None])


def norm_penalty(one: ValueT, other: ValueT) -> ValueT:
    """Addition to the normalised score that a match must reach, from the norms of both embeddings.

    Recognisers give short vectors to faces that they can't represent well, and such faces resemble each other whoever
    they show: at one threshold two of norm 0.5 match falsely a hundred times as often as two of norm 0.9, and a short
    with a long one hardly ever. The signed product of the two deficits describes this.

    Args:
        one: relative norm of one embedding (1 is the model's median), a number or an array.
        other: that of the other; arrays are broadcast.
    """
    low, high = _NORM_RANGE
    lacking = [USUAL_NORM - np.minimum(np.maximum(norm, low), high) for norm in (one, other)]
    penalty: ValueT = NORM_PENALTY * lacking[0] * lacking[1]
    return penalty


def normalised_score(similarity: ValueT, one: Moments[ValueT], other: Moments[ValueT]) -> ValueT:
    """The similarity in deviations above the impostor mean, averaged over both faces."""
    return ((similarity - one.mean) / one.deviation + (similarity - other.mean) / other.deviation) / 2


def similarity_at(score: ValueT, one: Moments[ValueT], other: Moments[ValueT]) -> ValueT:
    """The inverse of `normalised_score`."""
    means = one.mean / one.deviation + other.mean / other.deviation
    return (2 * score + means) / (1 / one.deviation + 1 / other.deviation)


def _observe(vectors: NDArray[np.float32]) -> ImpostorDistribution | None:
    """Distribution over all pairs of rows, robust to a few pairs of the same person."""
    count = len(vectors)
    if count < _LEAST_COHORT:
        return None
    # Row by row: a matrix product would start BLAS threads, which takes several times as long.
    scores = np.concatenate([vectors[:row] @ vectors[row] for row in range(1, count)])
    low, middle, high = np.quantile(scores, (0.1, 0.5, 0.9))
    reach = SAME_PERSON * (high - low) / _DECILES
    # Rounding can lift the product of equal vectors above 1.
    scores = np.clip(scores, max(middle - reach, -1), min(middle + reach, 1)).astype(np.float64)
    mean, deviation = float(np.clip(scores.mean(), -1, 1)), float(scores.std())
    return ImpostorDistribution(mean, deviation) if deviation > 0 else None
