"""A presentation attack detection threshold measured with the operator's own camera."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SCORING = 1
"""Version of the score's definition; thresholds measured with another version are invalid."""


@dataclass(frozen=True, slots=True)
class MeasuredRate:
    """Error rate among photos with a verdict, with its 95% interval (Wilson, 1927)."""

    rate: float
    low: float
    high: float
    photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessCalibration:
    """The threshold and the measurement it comes from."""

    models: tuple[str, ...]
    """The anti-spoofing models whose scores were pooled; the threshold holds for this combination only."""
    threshold: float
    """In (0, 1)."""
    wanted_bpcer: float
    bpcer: MeasuredRate
    """At the threshold, on the photos of living people."""
    apcer: Mapping[str, MeasuredRate] = field(default_factory=dict)
    """At the threshold, by species of attack; empty without photos of attacks."""
    data: str = ""
    """The operator's description of the photos."""
    scoring: int = SCORING

    def __post_init__(self) -> None:
        """Hold the invariants.

        Raises:
            ValueError: no models, or a threshold that is none.
        """
        if not self.models or not 0 < self.threshold < 1:
            raise ValueError("a liveness calibration names its models and a threshold between 0 and 1")
