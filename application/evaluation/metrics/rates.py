"""Verification (1:1) in figures. A score is a cosine similarity; NaN stands for a face that was not found.

A pair with a NaN is always an error: it is no match, and no correct rejection.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

Z95 = 1.959964
"""The 97.5th percentile of the normal distribution: for intervals of 95%."""


@dataclass(frozen=True, slots=True)
class Share:
    """A measured proportion and its 95% confidence interval.

    The interval is Wilson's (1927), which stays honest near 0 and 1, where a bootstrap would
    give no width at all. Trials are regarded as independent and thresholds as given.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, successes: int, trials: int) -> "Share":
        """`trials` is at least 1."""
        return cls.estimated(successes / trials, trials)

    @classmethod
    def estimated(cls, rate: float, trials: float) -> "Share":
        """A proportion that is as certain as that of so many independent trials; at least 1."""
        centre = rate + Z95**2 / (2 * trials)
        spread = Z95 * math.sqrt(rate * (1 - rate) / trials + (Z95 / (2 * trials)) ** 2)
        scale = 1 + Z95**2 / trials
        return cls(rate, max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))


@dataclass(frozen=True, slots=True)
class FoldAccuracy:
    """Share of correct decisions on the pairs of each fold, at the threshold that is best on the other folds."""

    folds: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The accuracy that is stated for LFW."""
        return float(np.mean(self.folds))

    @property
    def deviation(self) -> float:
        """Standard deviation over the folds."""
        return float(np.std(self.folds, ddof=1))

    @property
    def standard_error(self) -> float:
        """Of the mean: the figure behind the plus-minus sign in results on LFW."""
        return self.deviation / math.sqrt(len(self.folds))


@dataclass(frozen=True, slots=True, eq=False)
class Roc:
    """Error rates at every distinct threshold, in falling order of thresholds."""

    thresholds: Scores
    """A pair matches when its score is at least this; the first is infinite."""
    fmr: Scores
    """Share of impostor pairs that match."""
    tar: Scores
    """Share of genuine pairs that match; 1 - tar is the false non-match rate."""

    @property
    def equal_error_rate(self) -> float:
        """The error rate where FMR and FNMR are equal: the mean of both where they are closest."""
        fnmr = 1 - self.tar
        at = int(np.argmin(np.abs(self.fmr - fnmr)))
        return float((self.fmr[at] + fnmr[at]) / 2)


def roc(genuine: Scores, impostor: Scores) -> Roc:
    """The curve over all pairs."""
    scores = np.concatenate([genuine, impostor])
    thresholds = np.concatenate([[np.inf], np.unique(scores[~np.isnan(scores)])[::-1]])
    return Roc(thresholds, _share_at_least(impostor, thresholds), _share_at_least(genuine, thresholds))


def threshold_at(impostor: Scores, fmr: float) -> float:
    """The least threshold at which the share of impostor pairs that match is at most `fmr`.

    With fewer than 1 / `fmr` pairs that is just above the highest of them.
    """
    allowed = math.floor(fmr * len(impostor) + 1e-9)
    ranked = np.sort(impostor[~np.isnan(impostor)])[::-1]
    return float(np.nextafter(ranked[allowed], np.inf)) if allowed < len(ranked) else -1.0


def tar_at(genuine: Scores, threshold: float) -> Share:
    """True accept rate: the share of genuine pairs that match."""
    return Share.of(int((genuine >= threshold).sum()), len(genuine))


def fold_accuracy(scores: Scores, genuine: NDArray[np.bool_], folds: NDArray[np.intp]) -> FoldAccuracy:
    """Accuracy by the protocol of LFW's View 2; there must be at least two folds."""
    accuracies = []
    for fold in np.unique(folds):
        held_out = folds == fold
        threshold = best_threshold(scores[~held_out], genuine[~held_out])
        accuracies.append(float(correct(scores, genuine, threshold)[held_out].mean()))
    return FoldAccuracy(tuple(accuracies))


def best_threshold(scores: Scores, genuine: NDArray[np.bool_]) -> float:
    """The threshold with most correct decisions, halfway between two scores; of several, the middle one.

    It is 2, which nothing reaches, if most decisions are correct when nothing matches.
    """
    ranked = np.unique(scores[~np.isnan(scores)])
    candidates = np.concatenate([[-1.0], (ranked[1:] + ranked[:-1]) / 2, [2.0]])
    impostor = scores[~genuine]
    matches = _share_at_least(scores[genuine], candidates) * np.count_nonzero(genuine)
    rejections = (_share_at_least(impostor, [-np.inf]) - _share_at_least(impostor, candidates)) * len(
        impostor
    )
    rights = np.rint(matches + rejections)
    best = np.flatnonzero(rights == rights.max())
    return float(candidates[best[len(best) // 2]])


def correct(scores: Scores, genuine: NDArray[np.bool_], threshold: float) -> NDArray[np.bool_]:
    """On which pairs the decision at a threshold is correct."""
    return np.where(genuine, scores >= threshold, scores < threshold)


def _share_at_least(scores: Scores, thresholds: Sequence[float] | Scores) -> Scores:
    """For each threshold the share of scores, NaN among them, that reach it."""
    ranked = np.sort(scores[~np.isnan(scores)])
    return (len(ranked) - np.searchsorted(ranked, thresholds, side="left")) / max(1, len(scores))
