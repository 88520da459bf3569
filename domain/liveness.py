"""Presentation attack detection (ISO/IEC 30107): is the face before the camera a living person's?"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_CERTAIN = 1e-6
"""No score counts as nearer to 0 or 1 than this: one model alone must not decide against all others."""


class LivenessPolicy(StrEnum):
    """What is done about presentation attacks; later ones are stricter."""

    OFF = "off"
    """Nothing is looked at."""
    OBSERVE = "observe"
    """The answer says what was found, and nothing is refused for it."""
    ENFORCE = "enforce"
    """What looks like an attack is refused."""

    def tightened(self, wanted: "LivenessPolicy | None") -> "LivenessPolicy":
        """The stricter of the operator's policy and the one that a request asks for."""
        strictness = list(LivenessPolicy)
        return self if wanted is None else max(self, wanted, key=strictness.index)


@dataclass(frozen=True, slots=True)
class Liveness:
    """What was found out about one face."""

    score: float
    """0..1, higher is more likely a bona fide presentation. Not a probability of anything."""
    threshold: float
    """The least score of a face that is taken for living."""

    @property
    def live(self) -> bool:
        """The decision."""
        return self.score >= self.threshold


def pooled(scores: Iterable[float]) -> float:
    """The average of scores in [0, 1], taken in log-odds (their logarithmic opinion pool).

    Networks that end in a softmax put most scores near 0 or 1. Averaged as they are, one model that is
    undecided outvotes one that is sure: 0.5 and 0.001 make 0.25, in log-odds 0.03.
    """
    bounded = [min(max(score, _CERTAIN), 1 - _CERTAIN) for score in scores]
    odds = sum(math.log(score / (1 - score)) for score in bounded) / len(bounded)
    return 1 / (1 + math.exp(-odds))
