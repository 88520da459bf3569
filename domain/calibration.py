"""What a similarity means: one recognition model's thresholds and the false match rates they stand for."""

import math
from dataclasses import dataclass

import numpy as np

from domain.impostors import ImpostorDistribution, similarity_at

HIGHEST_FITTED = 0.95
"""No gallery makes a threshold higher: of one person under many names, the same photo still matches."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """One measured threshold."""

    fmr: float
    """False match rate: the share of pairs of different people that are at least that similar, 0..1."""
    threshold: float
    """Cosine similarity."""
    confusable_fmr: float
    """The same rate for the tenth of people who are most easily taken for others, against everybody."""
    lookalike_fmr: float
    """The same rate for this tenth among themselves."""


@dataclass(frozen=True, slots=True)
class Population:
    """A data set whose people were compared with each other."""

    name: str
    people: int
    impostors: ImpostorDistribution


@dataclass(frozen=True, slots=True)
class CalibrationTable:
    """Thresholds of one recognition model, measured on pairs of photos of different people.

    They hold for the population whose different people are least alike. Of what lies above its mean in units of its
    deviation, other populations have nearly the same: see domain.impostors.

    Between measured points the threshold is linear in the logarithm of the false match rate. Below the least
    measured rate the scores are taken to be distributed exponentially: the threshold goes on linearly, by
    `tail_scale` for each factor of e. Impostor scores fall off at least that fast, so that the extrapolation
    errs towards thresholds that are too high.
    """

    model: str
    detection: str
    """The detector whose landmarks the faces were aligned by."""
    data: str
    """What was measured, in words."""
    people: int
    photos: int
    comparisons: int
    """Pairs of photos of different people."""
    points: tuple[OperatingPoint, ...]
    """By falling rate and rising threshold; at least one."""
    tail_scale: float
    """The mean of the exponential distribution of scores beyond the last point, in units of similarity."""
    impostors: ImpostorDistribution
    """Of the population that the thresholds hold for."""
    populations: tuple[Population, ...] = ()
    """All that were measured. An average of them is expected of people of whom nothing is known."""
    usual_norm: float | None = None
    """The length of the network's vectors for clear faces; None: it says nothing of this model's faces."""

    def __post_init__(self) -> None:
        """Hold the invariant.

        Raises:
            ValueError: no points, not in order, out of range, or a tail that doesn't fall.
        """
        rates = [1.0, *(point.fmr for point in self.points), 0.0]
        thresholds = [-1.0, *(point.threshold for point in self.points), 1.0]
        if (
            not self.points
            or rates != sorted(set(rates), reverse=True)
            or thresholds != sorted(set(thresholds))
        ):
            raise ValueError("the points of a calibration must have falling rates and rising thresholds")
        if not 0 < self.tail_scale < math.inf:
            raise ValueError("the tail of a calibration must have a positive scale")

    @property
    def least_measured(self) -> float:
        """The least false match rate that was measured; lower ones are extrapolated."""
        return self.points[-1].fmr

    def threshold_at(self, fmr: float) -> float:
        """The least similarity of a match if strangers are to match at a rate of `fmr`, in (0, 1].

        At most 1: no threshold can be stricter than asking for the same image.

        Raises:
            ValueError: `fmr` is not in (0, 1].
        """
        if not 0 < fmr <= 1:
            raise ValueError("a false match rate lies in (0, 1]")
        last = self.points[-1]
        if fmr < last.fmr:
            return min(1.0, last.threshold + self.tail_scale * math.log(last.fmr / fmr))
        logarithms, thresholds = self._curve()
        return float(np.interp(-math.log(fmr), logarithms, thresholds))

    @property
    def prior(self) -> ImpostorDistribution:
        """What to expect of an unknown population: the mean of the measured ones' means and of their deviations."""
        measured = [population.impostors for population in self.populations] or [self.impostors]
        return ImpostorDistribution(
            float(np.mean([each.mean for each in measured])),
            float(np.mean([each.deviation for each in measured])),
        )

    def score_at(self, fmr: float) -> float:
        """The normalised score (domain.impostors.normalised_score) that strangers reach at a rate of `fmr`.

        Raises:
            ValueError: `fmr` is not in (0, 1].
        """
        return (self.threshold_at(fmr) - self.impostors.mean) / self.impostors.deviation

    def threshold_between(
        self, fmr: float, one: ImpostorDistribution, other: ImpostorDistribution, penalty: float = 0
    ) -> float:
        """The threshold for two faces, of whose impostors this is known; never lower than `threshold_at`.

        Args:
            fmr: the rate that is wanted.
            one: similarities of others to one of the faces.
            other: to the other.
            penalty: what the normalised score must reach beyond the usual; see domain.impostors.norm_penalty.

        Raises:
            ValueError: `fmr` is not in (0, 1].
        """
        fitted = min(similarity_at(self.score_at(fmr) + penalty, one, other), HIGHEST_FITTED)
        return max(fitted, self.threshold_at(fmr))

    def fmr_at_score(self, score: float) -> float:
        """The false match rate that a normalised score stands for: the inverse of `score_at`."""
        return self.fmr_at(self.impostors.mean + score * self.impostors.deviation)

    def fmr_at(self, threshold: float) -> float:
        """The false match rate that a threshold in [-1, 1] stands for: the inverse of `threshold_at`."""
        last = self.points[-1]
        if threshold > last.threshold:
            return last.fmr * math.exp((last.threshold - threshold) / self.tail_scale)
        logarithms, thresholds = self._curve()
        return math.exp(-float(np.interp(threshold, thresholds, logarithms)))

    def _curve(self) -> tuple[list[float], list[float]]:
        """Rising -ln(rate) and rising thresholds; at a threshold of -1 everything matches."""
        return (
            [0.0, *(-math.log(point.fmr) for point in self.points)],
            [-1.0, *(point.threshold for point in self.points)],
        )
