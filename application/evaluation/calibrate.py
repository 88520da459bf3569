"""The use case: which similarity stands for which false match rate, on these photos?"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from application.evaluation.errors import EvaluationError
from application.evaluation.impostors import BINS, Impostors, ScoreHistogram, compare_everyone
from application.evaluation.parallel import Progress
from application.evaluation.photos import EmbedPhotos, find_photos
from domain.calibration import CalibrationTable, OperatingPoint
from domain.impostors import ImpostorDistribution
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

    embedding: EmbedPhotos

    def execute(
        self,
        images: Path,
        progress: Progress,
        *,
        data: str | None = None,
        detection_model: str | None = None,
        recognition_model: str | None = None,
    ) -> CalibrationTable:
        """Embed every photo and compare all photos of different people.

        Args:
            images: a folder with one folder a person.
            progress: called after each photo.
            data: what the photos are, for the table; the folder's name if None.
            detection_model: the configured one if None.
            recognition_model: likewise.

        Raises:
            EvaluationError: the photos are not enough.
            UnknownModel, and all that EmbedPhotos.execute raises.
        """
        choice = self.embedding.analyser.models.choose(detection_model, recognition_model)
        embedded = self.embedding.execute(find_photos(images), choice, progress)
        people = len(np.unique(embedded.people[embedded.found]))
        if people < LEAST_PEOPLE:
            raise EvaluationError(
                f"a calibration needs photos of at least {LEAST_PEOPLE} people; faces of {people} were found"
            )
        return fit(compare_everyone(embedded.vectors, embedded.people), choice, data or images.resolve().name)


def fit(impostors: Impostors, models: ModelChoice, data: str) -> CalibrationTable:
    """The table that follows from scores.

    Raises:
        EvaluationError: the scores don't tell people apart at all.
    """
    scores = impostors.everyone
    pairs = impostors.people * (impostors.people - 1) / 2
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
            impostors=_moments(scores),
        )
    except ValueError as error:
        raise EvaluationError("these photos give no usable thresholds: too few, or all alike") from error


def _moments(scores: ScoreHistogram) -> ImpostorDistribution:
    """Mean and deviation of a histogram's scores; a ValueError if they are all alike."""
    middles = (np.arange(BINS) + 0.5) * 2 / BINS - 1
    mean = np.average(middles, weights=scores.weights)
    variance = np.average((middles - mean) ** 2, weights=scores.weights)
    return ImpostorDistribution(round(float(mean), 4), round(float(variance) ** 0.5, 4))


def _point(impostors: Impostors, fmr: float) -> OperatingPoint:
    threshold = impostors.everyone.threshold(fmr)
    rates = (impostors.confusable.fmr(threshold), impostors.lookalike.fmr(threshold))
    return OperatingPoint(fmr, threshold, *(float(f"{rate:.2e}") for rate in rates))


def _tail(scores: ScoreHistogram, last: OperatingPoint) -> float:
    """Fitted to the last measured factor of ten."""
    start = scores.threshold(min(0.5, 10 * last.fmr))
    return round(scores.mean_excess(start, last.threshold), 5) if start < last.threshold else math.nan
