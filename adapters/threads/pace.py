"""How fast work in the background goes on while others wait."""

import time
from collections.abc import Callable

SHARE = 10
"""Work in the background takes a tenth of the time in which others wait."""
_LEAST_S = 0.01
"""A pause for less isn't worth it."""
_LOOK_S = 0.05
"""Between two looks at whether others still wait."""


class Pace:
    """Pauses at checkpoints, so that work takes a tenth of a core at most while others wait.

    A low priority alone doesn't do: between two calls into C code the thread takes the interpreter's lock as often as
    any other, and then keeps it for long because of its low priority.
    """

    def __init__(self, others_wait: Callable[[], bool], may_go_on: Callable[[float], bool]) -> None:
        """Begin in the thread that does the work."""
        self._others_wait = others_wait
        self._may_go_on = may_go_on
        self._since = time.monotonic()
        self._spent = time.thread_time()

    def __call__(self, seconds: float) -> bool:
        """See Effort.may_go_on; returns after the pause."""
        now = time.monotonic()
        pause = SHARE * (time.thread_time() - self._spent) - (now - self._since)
        if pause > _LEAST_S:
            end = now + pause
            while self._others_wait() and self._may_go_on(seconds) and (left := end - time.monotonic()) > 0:
                time.sleep(min(left, _LOOK_S))
            self._since, self._spent = time.monotonic(), time.thread_time()
        return self._may_go_on(seconds)
