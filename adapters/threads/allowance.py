"""How much processor time work may take while others wait."""

from collections import deque
from statistics import median

MIN_MS = 250
"""Of processor time; an ordinary photo of a phone takes less."""
MAX_MS = 1000
"""Also where all photos take long, as they do as well where there are attackers only."""
TIMES = 10
"""The allowance, in the time of a typical piece of work: where all take long, none is an exception."""
_REMEMBERED = 64
"""Number of pieces of work of which the median is typical."""


class Allowance:
    """Ten times what is typical, between MIN_MS and MAX_MS."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=_REMEMBERED)

    def note(self, seconds: float) -> None:
        """Remember what a piece of work took, in processor time."""
        self._latest.append(seconds)

    def covers(self, seconds: float) -> bool:
        """Whether work may take so long."""
        if not MIN_MS < 1000 * seconds < MAX_MS:
            return 1000 * seconds <= MIN_MS
        latest = tuple(self._latest)
        return not latest or seconds <= TIMES * median(latest)
