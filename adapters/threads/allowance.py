"""How much processor time work may take while others wait."""

from collections import deque
from statistics import median

MIN_S = 0.25
"""Of processor time; an ordinary photo of a phone takes less."""
MAX_S = 1.0
"""Also where all photos take long, which is the case as well where there are attackers only."""
_TIMES = 10
"""The allowance, in the time of a typical piece of work: where all take long, none is an exception."""
_REMEMBERED = 64
"""Number of pieces of work of which the median is typical."""


class Allowance:
    """Ten times what is typical, between MIN_S and MAX_S."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=_REMEMBERED)

    def note(self, seconds: float) -> None:
        """Remember what finished work took, in processor time."""
        self._latest.append(seconds)

    def covers(self, seconds: float) -> bool:
        """Whether work may take so long."""
        if not MIN_S < seconds < MAX_S:
            return seconds <= MIN_S
        latest = tuple(self._latest)
        return not latest or seconds <= _TIMES * median(latest)
