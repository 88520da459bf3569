"""A threshold of presentation attack detection that was measured with an operator's own camera."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SCORING = 1
"""Which definition of the score thresholds are of. Another one makes all earlier thresholds void."""


@dataclass(frozen=True, slots=True)
class MeasuredRate:
    """Errors among photos that were judged, and the 95% interval of their share (Wilson, 1927)."""

    rate: float
    low: float
    high: float
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessCalibration:
    """The threshold, and what it was measured with."""

    models: tuple[str, ...]
    """The anti-spoofing models whose scores were pooled: the threshold holds for them together only."""
    threshold: float
    """In (0, 1)."""
    wanted_bpcer: float
    bpcer: MeasuredRate
    """At the threshold, on the photos of living people."""
    apcer: Mapping[str, MeasuredRate] = field(default_factory=dict)
    """At the threshold, by species of attack; empty without photos of attacks."""
    data: str = ""
    """What the photos are, in the operator's words."""
    scoring: int = SCORING

    def __post_init__(self) -> None:
        """Hold the invariants.

        Raises:
            ValueError: no models, or a threshold that is none.
        """
        if not self.models or not 0 < self.threshold < 1:
            raise ValueError("a liveness calibration names its models and a threshold between 0 and 1")
