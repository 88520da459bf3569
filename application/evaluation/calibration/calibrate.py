"""The use case: which threshold has which false match rate, on these people?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from application.evaluation.datasets.evaluation_set import EvaluationSet, LoadSets
from application.evaluation.datasets.photos import Progress
from application.evaluation.errors import EvaluationError
from application.evaluation.metrics.impostor_scores import ScoreHistogram, mixed
from application.evaluation.metrics.normalisation import SCORE_SCALE, NormalisedSet, normalise
from domain.calibration import CalibrationTable, OperatingPoint, Population
from domain.impostors import ImpostorDistribution
from domain.models import ModelChoice, kind_of_embeddings
from domain.quality import LENIENT, Measure

RATES = tuple(digit * 10.0**exponent for exponent in range(-1, -9, -1) for digit in (5, 2, 1))
"""False match rates that thresholds are measured for, as far as there are pairs enough."""

LEAST_PEOPLE = 20

LEAST_MATCHES = 20
"""Pairs of people that must lie above a threshold for it to count as measured: every large set has some photos under
a wrong name, and of fewer pairs these would be a large part."""


@dataclass(frozen=True, slots=True, eq=False)
class CalibrateModel:
    """Measures a recognition model's thresholds on labelled photos."""

    loading: LoadSets

    def execute(
        self,
        sources: Sequence[Path],
        progress: Progress,
        data: str | None = None,
    ) -> CalibrationTable:
        """Compare all photos of different people, within each set.

        `data` says what the photos are, for the table; without it the sets' names do.

        Raises:
            EvaluationError: the photos are not enough.
            CommandError, ModelNotInstalled, BrokenModel: see LoadSets.execute.
        """
        sets = self.loading.execute(sources, progress)
        named = data or " + ".join(each.name for each in sets)
        normalised = [_normalised(usable(each)) for each in sets]
        return fit(normalised, self.loading.models, named, self.loading.embedder.usual_norm)


def usable(
    photos: EvaluationSet, least_norm: float = LENIENT.limits[Measure.EMBEDDING_NORM]
) -> EvaluationSet:
    """The photos whose faces were found, with embeddings of at least this norm, by default the bound of `lenient`."""
    return photos.take(photos.found & ~(photos.norms < least_norm))


def _normalised(photos: EvaluationSet) -> NormalisedSet:
    people = len(np.unique(photos.people[photos.found]))
    if people < LEAST_PEOPLE:
        raise EvaluationError(
            f"a calibration needs photos of at least {LEAST_PEOPLE} people;"
            f" faces of {people} were found in {photos.name}"
        )
    return normalise(photos.name, photos.vectors, photos.people, photos.norms)


def fit(
    sets: Sequence[NormalisedSet], models: ModelChoice, data: str, usual_norm: float | None = None
) -> CalibrationTable:
    """The table that follows from normalised scores.

    How often normalised scores are reached is measured on all sets together, each pair of people weighing the same.
    Thresholds in similarity are those of the set whose different people are least alike.

    Raises:
        EvaluationError: the scores don't tell people apart at all.
    """
    pairs = [each.similarities.pairs_of_people for each in sets]
    scores = mixed([each.scores for each in sets], pairs)
    rates = [fmr for fmr in RATES if fmr * sum(pairs) >= LEAST_MATCHES]
    least = _score(scores, rates[-1]) if rates else 0.0
    reference = min(sets, key=lambda each: each.distribution.mean + least * each.distribution.deviation)
    measured = [_point(scores, reference, fmr) for fmr in rates]
    # Rates that share a bin of the histogram, which only a broken model's scores do, make one point.
    points = tuple({point.threshold: point for point in reversed(measured)}.values())[::-1]
    tail_scale = _scale_of_tail(scores, rates[-1]) * reference.distribution.deviation if points else math.nan
    try:
        return CalibrationTable(
            model=models.recognition,
            detection=models.detection,
            data=data,
            people=sum(each.similarities.people for each in sets),
            photos=sum(each.similarities.photos for each in sets),
            comparisons=scores.pairs,
            points=points,
            tail_scale=round(tail_scale, 5),
            impostors=_rounded(reference.distribution),
            populations=tuple(
                Population(each.name, each.similarities.people, _rounded(each.distribution)) for each in sets
            ),
            usual_norm=usual_norm,
            embeddings=kind_of_embeddings(models.recognition),
        )
    except ValueError as error:
        raise EvaluationError("these photos give no usable thresholds: too few, or all alike") from error


def _score(scores: ScoreHistogram, fmr: float) -> float:
    return scores.threshold(fmr) * SCORE_SCALE


def _point(scores: ScoreHistogram, reference: NormalisedSet, fmr: float) -> OperatingPoint:
    distribution, similarities = reference.distribution, reference.similarities
    threshold = round(distribution.mean + _score(scores, fmr) * distribution.deviation, 4)
    rates = (similarities.confusable.fmr(threshold), similarities.lookalike.fmr(threshold))
    return OperatingPoint(fmr, threshold, *(float(f"{rate:.2e}") for rate in rates))


def _scale_of_tail(scores: ScoreHistogram, least: float) -> float:
    """The exponential scale of normalised scores, fitted to the last measured factor of ten."""
    start, end = scores.threshold(min(0.5, 10 * least)), scores.threshold(least)
    return scores.mean_excess(start, end) * SCORE_SCALE if start < end else math.nan


def _rounded(distribution: ImpostorDistribution) -> ImpostorDistribution:
    return ImpostorDistribution(round(distribution.mean, 4), round(distribution.deviation, 4))
