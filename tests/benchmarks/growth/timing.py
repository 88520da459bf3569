"""Times as they are reported."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

import numpy as np

T = TypeVar("T")
Argument = TypeVar("Argument")


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of many calls, one after the other."""

    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: list[float]) -> "Times":
        """From seconds."""
        p50, p99 = np.quantile(np.array(seconds) * 1e3, [0.5, 0.99])
        return cls(float(p50), float(p99))


def timed(work: Callable[[], T], clock: Callable[[], float] = perf_counter) -> tuple[T, float]:
    """What it returns, and the seconds it took."""
    start = clock()
    result = work()
    return result, clock() - start


def timed_each(
    work: Callable[[Argument], T],
    arguments: Iterable[Argument],
    clock: Callable[[], float] = perf_counter,
) -> tuple[list[T], Times]:
    """What each call returns."""
    pairs = [timed(lambda argument=argument: work(argument), clock) for argument in arguments]  # type: ignore[misc]
    return [result for result, _ in pairs], Times.of([seconds for _, seconds in pairs])
