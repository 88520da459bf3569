"""Presentation attack detection (ISO/IEC 30107): is the face before the camera a living person's?"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from domain.capture import Unjudgeable
from domain.errors import LivenessUndetermined, SpoofDetected

_CERTAIN = 1e-6
"""No score counts as nearer to 0 or 1 than this: one model alone must not decide against all others."""

_TOLD = {
    Unjudgeable.GREY: "it has no colours, or hardly any; send a colour photo",
    Unjudgeable.TOO_SMALL: "the face has too few pixels; send a larger photo, or come closer",
    Unjudgeable.TOO_CROPPED: "it ends too near to the face; send the camera's whole photo",
}
"""What an undetermined face is told."""


class LivenessPolicy(StrEnum):
    """What is done about presentation attacks; later ones are stricter."""

    OFF = "off"
    """Nothing is looked at."""
    OBSERVE = "observe"
    """The answer says what was found, and nothing is refused for it."""
    ENFORCE = "enforce"
    """What looks like an attack is refused, and so is what can't be judged."""

    def tightened(self, wanted: "LivenessPolicy | None") -> "LivenessPolicy":
        """The stricter of the operator's policy and the one that a request asks for."""
        strictness = list(LivenessPolicy)
        return self if wanted is None else max(self, wanted, key=strictness.index)


class LivenessVerdict(StrEnum):
    """What a face is taken for."""

    LIVE = "live"
    SPOOF = "spoof"
    UNDETERMINED = "undetermined"
    """The photo doesn't show what is needed to tell (ISO/IEC 30107-3: a non-response)."""


@dataclass(frozen=True, slots=True)
class Liveness:
    """What was found out about one face."""

    score: float
    """0..1, higher is more likely a bona fide presentation. Not a probability of anything."""
    threshold: float
    """The least score of a face that is taken for living."""
    reasons: tuple[Unjudgeable, ...] = ()
    """Why the score says nothing, if it says nothing."""

    @property
    def verdict(self) -> LivenessVerdict:
        """The decision."""
        if self.reasons:
            return LivenessVerdict.UNDETERMINED
        return LivenessVerdict.LIVE if self.score >= self.threshold else LivenessVerdict.SPOOF

    @property
    def live(self) -> bool:
        """Whether the face is taken for living; what can't be judged is not."""
        return self.verdict is LivenessVerdict.LIVE

    def require_live(self) -> None:
        """Refuse everything else.

        Raises:
            LivenessUndetermined: the photo doesn't show it.
            SpoofDetected: the face looks like a presentation attack.
        """
        if self.reasons:
            told = "; ".join(_TOLD[reason] for reason in self.reasons)
            raise LivenessUndetermined(
                f"The photo doesn't show whether the face is alive: {told}.", self.reasons
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
