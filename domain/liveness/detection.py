"""Presentation attack detection (ISO/IEC 30107): scores, policy and verdict for one face."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from domain.errors import LivenessUndetermined, SpoofDetected
from domain.liveness.capture import UndeterminedReason

_CERTAIN = 1e-6
"""Scores are clipped to this distance from 0 and 1, so that no model alone overrules all others."""

_EXPLANATIONS = {
    UndeterminedReason.GREY: "it has no colours, or hardly any; send a colour photo",
    UndeterminedReason.TOO_SMALL: "the face has too few pixels; send a larger photo, or come closer",
    UndeterminedReason.TOO_CROPPED: "it ends too near to the face; send the camera's whole photo",
}
"""Explanations for the client."""


class LivenessPolicy(StrEnum):
    """How presentation attacks are handled, in order of strictness."""

    OFF = "off"
    """No check."""
    OBSERVE = "observe"
    """The answer reports the verdict; nothing is refused."""
    ENFORCE = "enforce"
    """Attacks and undetermined faces are refused."""

    def tightened(self, wanted: "LivenessPolicy | None") -> "LivenessPolicy":
        """The stricter of the operator's policy and the one that a request asks for."""
        return self if wanted is None else max(self, wanted, key=list(LivenessPolicy).index)


class LivenessVerdict(StrEnum):
    """Verdict on one face."""

    LIVE = "live"
    SPOOF = "spoof"
    UNDETERMINED = "undetermined"
    """The photo lacks what a verdict needs (ISO/IEC 30107-3: a non-response)."""


@dataclass(frozen=True, slots=True)
class SpoofExamination:
    """What the pixels of a photo say about one face, whatever the threshold."""

    score: float
    """As Liveness.score."""
    reasons: tuple[UndeterminedReason, ...] = ()
    """As Liveness.reasons."""


@dataclass(frozen=True, slots=True)
class Liveness:
    """Score and verdict of one face."""

    score: float
    """0..1, higher is more likely a bona fide presentation; not a probability."""
    threshold: float
    """The lowest score of a live face."""
    reasons: tuple[UndeterminedReason, ...] = ()
    """Why the verdict is undetermined; empty otherwise."""

    @property
    def verdict(self) -> LivenessVerdict:
        """The decision."""
        if self.reasons:
            return LivenessVerdict.UNDETERMINED
        return LivenessVerdict.LIVE if self.score >= self.threshold else LivenessVerdict.SPOOF

    @property
    def live(self) -> bool:
        """Whether the verdict is live; an undetermined face is not."""
        return self.verdict is LivenessVerdict.LIVE

    def require_live(self) -> None:
        """Refuse any verdict but live.

        Raises:
            LivenessUndetermined: the photo lacks what a verdict needs.
            SpoofDetected: the face looks like a presentation attack.
        """
        if self.reasons:
            explanation = "; ".join(_EXPLANATIONS[reason] for reason in self.reasons)
            raise LivenessUndetermined(
                f"The photo doesn't show whether the face is alive: {explanation}.", self.reasons
            )
        if not self.live:
            raise SpoofDetected(
                f"The face looks like a picture of a face: its liveness score is {self.score:.3f},"
                f" and {self.threshold:.3f} is needed."
            )


def pooled(scores: Iterable[float]) -> float:
    """The average of scores in [0, 1], taken in log-odds (their logarithmic opinion pool).

    Networks that end in a softmax put most scores near 0 or 1. Averaged as they are, one model that is
    undecided outvotes one that is sure: 0.5 and 0.001 make 0.25, in log-odds 0.03.
    """
    bounded = [min(max(score, _CERTAIN), 1 - _CERTAIN) for score in scores]
    odds = sum(math.log(score / (1 - score)) for score in bounded) / len(bounded)
    return 1 / (1 + math.exp(-odds))
