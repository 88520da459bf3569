"""The use case: which similarity stands for which false match rate, on these people?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from application.evaluation.errors import EvaluationError
from application.evaluation.impostors import (
    Impostors,
    ScoreHistogram,
    Weighting,
    compare_everyone,
    pool,
)
from application.evaluation.parallel import Progress
from application.evaluation.sets import EvaluationSet, LoadSets, SetSource
from domain.calibration import CalibrationTable, OperatingPoint
from domain.models import ModelChoice

RATES = tuple(digit * 10.0**exponent for exponent in range(-1, -9, -1) for digit in (5, 2, 1))
"""False match rates that thresholds are measured for, as far as there are pairs enough."""

LEAST_PEOPLE = 20

LEAST_MATCHES = 20
"""Pairs of people that must lie above a threshold for it to count as measured.

With fewer, the photos under a wrong name that every large set has are a good part of them.
"""


@dataclass(frozen=True, slots=True, eq=False)
class CalibrateModel:
    """Measures a recognition model's thresholds on labelled photos."""

    loading: LoadSets

    def execute(
        self,
        sources: Sequence[SetSource],
        progress: Progress,
        *,
        weighting: Weighting = Weighting.SETS,
        data: str | None = None,
        detection_model: str | None = None,
        recognition_model: str | None = None,
    ) -> CalibrationTable:
        """Compare all photos of different people, within each set.

        Args:
            sources: the sets; at least one.
            progress: called after each photo.
            weighting: what weighs the same when there are several sets.
            data: what the photos are, for the table; the sets' names if None.
            detection_model: the configured one if None.
            recognition_model: likewise.

        Raises:
            EvaluationError: the photos are not enough.
            UnknownModel, and all that LoadSets.execute raises.
        """
        choice = self.loading.choose(detection_model, recognition_model)
        sets = self.loading.execute(sources, choice, progress)
        named = data or " + ".join(each.name for each in sets)
        return fit(pool([_compare(each) for each in sets], weighting), choice, named)


def _compare(photos: EvaluationSet) -> Impostors:
    people = len(np.unique(photos.people[photos.found]))
    if people < LEAST_PEOPLE:
        raise EvaluationError(
            f"a calibration needs photos of at least {LEAST_PEOPLE} people;"
            f" faces of {people} were found in {photos.name}"
        )
    return compare_everyone(photos.vectors, photos.people)


def fit(impostors: Impostors, models: ModelChoice, data: str) -> CalibrationTable:
    """The table that follows from scores.

    Raises:
        EvaluationError: the scores don't tell people apart at all.
    """
    scores = impostors.everyone
    pairs = impostors.pairs_of_people
    measured = [_point(impostors, fmr) for fmr in RATES if fmr * pairs >= LEAST_MATCHES]
    # Rates that share a bin of the histogram, which only a broken model's scores do, make one point.
    points = tuple({point.threshold: point for point in reversed(measured)}.values())[::-1]
    tail_scale = _tail(scores, points[-1]) if points else math.nan
    try:
        return CalibrationTable(
            model=models.recognition,
            detection=models.detection,
            data=data,
            people=impostors.people,
            photos=impostors.photos,
            comparisons=scores.pairs,
            points=points,
            tail_scale=tail_scale,
        )
    except ValueError as error:
        raise EvaluationError("these photos give no usable thresholds: too few, or all alike") from error


def _point(impostors: Impostors, fmr: float) -> OperatingPoint:
    threshold = impostors.everyone.threshold(fmr)
    rates = (impostors.confusable.fmr(threshold), impostors.lookalike.fmr(threshold))
    return OperatingPoint(fmr, threshold, *(float(f"{rate:.2e}") for rate in rates))


def _tail(scores: ScoreHistogram, last: OperatingPoint) -> float:
    """Fitted to the last measured factor of ten."""
    start = scores.threshold(min(0.5, 10 * last.fmr))
    return round(scores.mean_excess(start, last.threshold), 5) if start < last.threshold else math.nan
