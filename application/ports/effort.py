"""The processor time that a piece of work takes, told to whoever runs it while it goes on.

Work in C can't be interrupted, so that it says itself at which points it can: see `checkpoint`.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import local

from application.ports.workers import ensure_wanted


class Interrupted(BaseException):
    """The work is stopped at a checkpoint; whoever runs it may begin it again."""


@dataclass(slots=True)
class Effort:
    """That of a piece of work in this thread."""

    may_go_on: Callable[[float], bool]
    """Asked at each checkpoint with the seconds of processor time so far and ahead."""
    begun_s: float
    checkpoints: int = 0

    @property
    def spent_s(self) -> float:
        """Processor time of this thread so far."""
        return time.thread_time() - self.begun_s


_this_thread = local()


@contextmanager
def interruptible(may_go_on: Callable[[float], bool]) -> Iterator[Effort]:
    """Ask at each checkpoint of the work in this context; one that may not go on raises Interrupted there."""
    effort = Effort(may_go_on, time.thread_time())
    _this_thread.effort = effort
    try:
        yield effort
    finally:
        _this_thread.effort = None


def checkpoint(ahead_s: float = 0.0) -> None:
    """Let the work of this thread be stopped here; nothing may be half done.

    Args:
        ahead_s: processor time that passes until the next checkpoint, as far as it can be told.

    Raises:
        Interrupted: others come first.
        CancelledError: nobody waits for the work any longer.
    """
    ensure_wanted()
    effort: Effort | None = getattr(_this_thread, "effort", None)
    if effort is None:
        return
    effort.checkpoints += 1
    if not effort.may_go_on(effort.spent_s + ahead_s):
        raise Interrupted
