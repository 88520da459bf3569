"""Timings on a machine that does other things too: medians of interleaved rounds, and ratios within them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np


@dataclass(frozen=True, slots=True)
class Spread:
    """Several measurements of one thing: the median, and the quartiles, between which half of them lie."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Of at least one value."""
        low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
        return cls(float(median), float(low), float(high))

    def times(self, factor: float) -> "Spread":
        """In another unit."""
        return Spread(self.median * factor, self.low * factor, self.high * factor)


def ratio(of: Sequence[float], to: Sequence[float]) -> Spread:
    """How many times as much: round by round, so that what slows a whole round down slows both."""
    return Spread.of([one / other for one, other in zip(of, to, strict=True)])


def interleaved(
    contestants: Mapping[str, Callable[[], object]],
    rounds: int,
    repeats: int = 1,
    clock: Callable[[], float] = perf_counter,
) -> dict[str, list[float]]:
    """Milliseconds a call, one figure a round: A B C, A B C, ..., after one call of each that doesn't count."""
    for work in contestants.values():
        work()
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, work in contestants.items():
            start = clock()
            for _ in range(repeats):
                work()
            taken[name].append((clock() - start) / repeats * 1e3)
    return taken


def percentile(values: Sequence[float], part: float) -> float:
    """The value that this part (0..1) of them doesn't exceed."""
    return float(np.quantile(values, part))
