"""The memory of a service."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

import psutil


def memory_mb(process: int) -> float:
    """Proportional set size of a process and those that it has started, in 10^6 bytes."""
    root = psutil.Process(process)
    total = 0
    for each in (root, *root.children(recursive=True)):
        try:
            total += each.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


@dataclass(frozen=True, slots=True)
class Trend:
    """How memory changes with the number of requests: the least-squares line."""

    slope: float
    error: float
    """Standard error of the slope."""

    @property
    def rises(self) -> bool:
        """Whether the slope is positive by more than chance: two standard errors."""
        return self.slope > 2 * self.error


def trend(points: Sequence[tuple[float, float]]) -> Trend:
    """That of at least three points."""
    xs, ys = zip(*points, strict=True)
    x, y = mean(xs), mean(ys)
    spread = sum((each - x) ** 2 for each in xs)
    slope = sum((a - x) * (b - y) for a, b in points) / spread
    rest = sum((b - y - slope * (a - x)) ** 2 for a, b in points)
    return Trend(slope, math.sqrt(rest / (len(points) - 2) / spread))
