"""Face image quality for recognition, in the terms of ISO/IEC 29794-5.

docs/quality.md says how measures and bounds were chosen.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from domain.errors import InvalidInput


class Measure(StrEnum):
    """Quality measures of a face."""

    INTER_EYE_DISTANCE = "inter_eye_distance"
    """Pixels of the photo between the centres of the eyes.

    For a head turned to a side it is estimated from the distance between eyes and mouth, so that profiles do not
    count as small faces.
    """
    DETECTION_SCORE = "detection_score"
    """The detector's confidence, 0..1; every detector has a scale of its own."""
    SHARPNESS = "sharpness"
    """Mean magnitude of the aligned face's finest structure, in percent of its mean brightness."""
    LUMINANCE = "luminance"
    """Mean brightness of the aligned face, 0..255: too low is under-exposed."""
    OVER_EXPOSURE = "over_exposure"
    """Share of the aligned face's pixels that are burnt out, 0..1."""
    EYE_VISIBILITY = "eye_visibility"
    """Brightness of the eye region by that of the cheeks: dark glasses and deep shadows make it small.

    The one kind of occlusion that is measured; masks, hands and hair need a network of their own.
    """
    YAW = "yaw"
    """Degrees that the head is turned to its left (positive) or right, roughly."""
    PITCH = "pitch"
    """Degrees that the head is bent down (positive) or up, roughly."""
    ROLL = "roll"
    """Degrees that the head is tilted in the plane of the photo, positive clockwise as it is seen."""
    INSIDE = "inside"
    """Share of the face's box that is inside the photo, 0..1: the rest is cut by the border."""
    EMBEDDING_NORM = "embedding_norm"
    """Norm of the embedding before it is scaled to one, relative to the median that was measured for the model.

    Recognisers give short vectors to faces that they can't represent well, whatever the reason (Meng et al.,
    "MagFace", 2021); the unified quality score of ISO/IEC 29794-5 is of this kind. Unknown for models without such a
    median.
    """


class Sense(Enum):
    """On which side of a bound a measure is acceptable."""

    AT_LEAST = "at least"
    AT_MOST = "at most"
    WITHIN = "at most, either way,"


SENSES: Mapping[Measure, Sense] = {
    **dict.fromkeys(Measure, Sense.AT_LEAST),
    Measure.OVER_EXPOSURE: Sense.AT_MOST,
    **dict.fromkeys((Measure.YAW, Measure.PITCH, Measure.ROLL), Sense.WITHIN),
}

_SHARES = frozenset({Measure.DETECTION_SCORE, Measure.INSIDE})
"""Measures that are 1 at the most, and should be."""
_RANGES: Mapping[Measure, tuple[float, float]] = {
    Measure.INTER_EYE_DISTANCE: (5, 14),
    Measure.DETECTION_SCORE: (0.5, 0.85),
    Measure.SHARPNESS: (0.1, 0.9),
    Measure.LUMINANCE: (0, 60),
    Measure.OVER_EXPOSURE: (-0.8, 0),
    Measure.EYE_VISIBILITY: (0.1, 0.6),
    Measure.INSIDE: (0.3, 1),
    Measure.EMBEDDING_NORM: (0.4, 1),
}
"""Goodness at which the usefulness of a measure is 0 and 1; the pose does not contribute."""


def goodness(measure: Measure, value: float) -> float:
    """The value on a scale where higher is better."""
    sense = SENSES[measure]
    if sense is Sense.AT_LEAST:
        return value
    return -abs(value) if sense is Sense.WITHIN else -value


@dataclass(frozen=True, slots=True)
class Reason:
    """A measure that violates its bound."""

    measure: Measure
    value: float
    bound: float

    def __str__(self) -> str:
        """Explanation for the client."""
        return f"{self.measure} is {self.value:.3g}, {SENSES[self.measure].value} {self.bound:g} is needed"


class LowQuality(InvalidInput):
    """The face does not meet the request's quality bounds."""

    code = "low_quality"

    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        """Take at least one reason."""
        self.reasons = reasons
        super().__init__(f"The photo is not good enough: {'; '.join(map(str, reasons))}.")


@dataclass(frozen=True, slots=True)
class QualityBounds:
    """Bounds on quality measures; measures without a bound are ignored."""

    limits: Mapping[Measure, float]

    def but(self, changes: Mapping[Measure, float | None]) -> "QualityBounds":
        """A copy with changed limits; None removes a limit."""
        limits = {**self.limits, **changes}
        return QualityBounds({measure: limit for measure, limit in limits.items() if limit is not None})

    def tightened(self, times: float) -> "QualityBounds":
        """Limits that are so many times as strict; those of shares are half as far from 1."""
        return QualityBounds(
            {measure: _tightened(measure, limit, times) for measure, limit in self.limits.items()}
        )


def _tightened(measure: Measure, limit: float, times: float) -> float:
    if measure in _SHARES:
        return (1 + limit) / 2
    return limit * times if SENSES[measure] is Sense.AT_LEAST else limit / times


NO_BOUNDS = QualityBounds({})

LENIENT = QualityBounds(
    {
        Measure.INTER_EYE_DISTANCE: 6,
        Measure.SHARPNESS: 0.3,
        Measure.LUMINANCE: 8,
        Measure.OVER_EXPOSURE: 0.7,
        Measure.EYE_VISIBILITY: 0.1,
        Measure.INSIDE: 0.5,
        Measure.EMBEDDING_NORM: 0.38,
    }
)
"""For recognition: refuses only faces that would hardly be recognised."""

STRICT = QualityBounds(
    {
        Measure.INTER_EYE_DISTANCE: 8,
        Measure.DETECTION_SCORE: 0.7,
        Measure.SHARPNESS: 0.4,
        Measure.LUMINANCE: 15,
        Measure.OVER_EXPOSURE: 0.5,
        Measure.EYE_VISIBILITY: 0.18,
        Measure.INSIDE: 0.7,
        Measure.EMBEDDING_NORM: 0.45,
    }
)
"""For enrolment: a bad photo in the gallery spoils every search that comes after."""


@dataclass(frozen=True, slots=True)
class QualityReport:
    """Quality of one face."""

    values: Mapping[Measure, float]
    """Measures that could be taken; the pose needs landmarks."""

    def with_norm(self, embedding_norm: float) -> "QualityReport":
        """The same, and the relative norm of the embedding, unless that is NaN: not known."""
        if math.isnan(embedding_norm):
            return self
        return QualityReport({**self.values, Measure.EMBEDDING_NORM: embedding_norm})

    @property
    def score(self) -> float:
        """Combined quality, 0..1; each flaw removes up to half of it.

        Comparable only between faces analysed by the same models.
        """
        return math.prod((1 + _usefulness(measure, value)) / 2 for measure, value in self.values.items())

    def reasons(self, bounds: QualityBounds) -> tuple[Reason, ...]:
        """Violated bounds; measures that could not be taken violate none."""
        return tuple(
            Reason(measure, self.values[measure], limit)
            for measure, limit in bounds.limits.items()
            if measure in self.values and goodness(measure, self.values[measure]) < goodness(measure, limit)
        )

    def require(self, bounds: QualityBounds) -> None:
        """Check that the face meets all bounds.

        Raises:
            LowQuality: it violates some.
        """
        if reasons := self.reasons(bounds):
            raise LowQuality(reasons)


def _usefulness(measure: Measure, value: float) -> float:
    """0..1."""
    if measure not in _RANGES:
        return 1.0
    low, high = _RANGES[measure]
    return min(max((goodness(measure, value) - low) / (high - low), 0.0), 1.0)
