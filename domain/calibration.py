"""Calibration of one recognition model: similarity thresholds and the false match rates (FMR) they stand for."""

import math
from bisect import bisect_right
from dataclasses import dataclass

from domain.impostors import ImpostorDistribution, similarity_at

HIGHEST_FITTED = 0.95
"""Upper limit of fitted thresholds: in a gallery of near-duplicates the same photo must still match."""


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


_EVERYTHING = OperatingPoint(fmr=1.0, threshold=-1.0, confusable_fmr=1.0, lookalike_fmr=1.0)
"""Before all measured points: at this threshold everybody matches."""


@dataclass(frozen=True, slots=True)
class Population:
    """A data set whose people were compared with each other."""

    name: str
    people: int
    impostors: ImpostorDistribution


@dataclass(frozen=True, slots=True)
class CalibrationTable:
    """Thresholds of one recognition model, measured on pairs of photos of different people.

    They hold for the population whose different people are least alike. Measured in deviations above the mean of
    impostor scores, the tails of other populations are nearly the same: see domain.impostors.

    Between measured points the threshold is linear in the logarithm of the false match rate. Below the least
    measured rate the scores are assumed to be exponentially distributed: the threshold rises by `tail_scale` for each
    factor of e. Impostor scores fall off at least that fast, so that extrapolated thresholds are, if anything, too
    high.
    """

    model: str
    detection: str
    """The detector whose landmarks the faces were aligned by."""
    data: str
    """Description of the data set."""
    people: int
    photos: int
    comparisons: int
    """Pairs of photos of different people."""
    points: tuple[OperatingPoint, ...]
    """Ordered by falling rate and rising threshold; at least one."""
    tail_scale: float
    """The mean of the exponential distribution of scores beyond the last point, in units of similarity."""
    impostors: ImpostorDistribution
    """Of the population that the thresholds hold for."""
    populations: tuple[Population, ...] = ()
    """All populations that were measured; their average is the prior for a gallery of unknown people."""
    usual_norm: float | None = None
    """Norm of the vectors of clear faces; None if the norm says nothing about this model's faces."""
    embeddings: int = 1
    """The kind that was measured: domain.models.kind_of_embeddings."""

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
        """The lowest measured false match rate; lower ones are extrapolated."""
        return self.points[-1].fmr

    def threshold_at(self, fmr: float) -> float:
        """The lowest similarity of a match at a false match rate of `fmr`, in (0, 1].

        At most 1, the similarity of an image to itself.

        Raises:
            ValueError: `fmr` is not in (0, 1].
        """
        if not 0 < fmr <= 1:
            raise ValueError("a false match rate lies in (0, 1]")
        last = self.points[-1]
        if fmr <= last.fmr:
            return min(1.0, last.threshold + self.tail_scale * math.log(last.fmr / fmr))
        low, high = self._around(bisect_right(self.points, -fmr, key=lambda point: -point.fmr))
        share = math.log(fmr / low.fmr) / math.log(high.fmr / low.fmr)
        return low.threshold + share * (high.threshold - low.threshold)

    @property
    def prior(self) -> ImpostorDistribution:
        """Impostor scores to expect in an unknown population: the averages of the measured means and deviations."""
        measured = [population.impostors for population in self.populations] or [self.impostors]
        return ImpostorDistribution(
            math.fsum(each.mean for each in measured) / len(measured),
            math.fsum(each.deviation for each in measured) / len(measured),
        )

    def score_at(self, fmr: float) -> float:
        """The normalised score (domain.impostors.normalised_score) that impostors reach at a rate of `fmr`.

        Raises:
            ValueError: `fmr` is not in (0, 1].
        """
        return self._score(self.threshold_at(fmr))

    def _score(self, similarity: float) -> float:
        return (similarity - self.impostors.mean) / self.impostors.deviation

    def threshold_between(
        self, fmr: float, one: ImpostorDistribution, other: ImpostorDistribution, penalty: float = 0
    ) -> float:
        """The threshold for a pair of faces, fitted to their impostor scores; never lower than `threshold_at`.

        Args:
            fmr: the false match rate to hold.
            one: impostor scores of one face.
            other: impostor scores of the other face.
            penalty: added to the normalised score that a match must reach; see domain.impostors.norm_penalty.

        Raises:
            ValueError: `fmr` is not in (0, 1].
        """
        usual = self.threshold_at(fmr)
        return max(min(similarity_at(self._score(usual) + penalty, one, other), HIGHEST_FITTED), usual)

    def fmr_at_score(self, score: float) -> float:
        """The false match rate that a normalised score stands for: the inverse of `score_at`."""
        return self.fmr_at(self.impostors.mean + score * self.impostors.deviation)

    def fmr_at(self, threshold: float) -> float:
        """The false match rate that a threshold in [-1, 1] stands for: the inverse of `threshold_at`."""
        last = self.points[-1]
        if threshold >= last.threshold:
            return last.fmr * math.exp((last.threshold - threshold) / self.tail_scale)
        low, high = self._around(bisect_right(self.points, threshold, key=lambda point: point.threshold))
        share = (max(threshold, low.threshold) - low.threshold) / (high.threshold - low.threshold)
        return low.fmr * math.exp(share * math.log(high.fmr / low.fmr))

    def _around(self, place: int) -> tuple[OperatingPoint, OperatingPoint]:
        """The point at this place and the one before it."""
        return self.points[place - 1] if place else _EVERYTHING, self.points[place]
