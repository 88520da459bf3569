"""What requests are counted by, in memory first: a number in the files that processes share takes longer."""

import asyncio
from bisect import bisect_left
from collections import Counter as Multiset
from collections import defaultdict

from prometheus_client import Counter, Gauge, Histogram

WRITE_S = 0.25
"""From the first number in memory to its writing, at most."""


class BatchHistogram(Histogram):
    """A histogram that takes many observations at once."""

    def observe_all(self, amounts: list[float]) -> None:
        """As `observe` of each."""
        if len(amounts) == 1:
            self.observe(amounts[0])
            return
        self._sum.inc(sum(amounts))
        for bucket, number in Multiset(bisect_left(self._upper_bounds, amount) for amount in amounts).items():
            self._buckets[bucket].inc(number)


class RequestCounts:
    """What is counted of the requests of this process, for use in its event loop.

    It is written as soon as no request is in progress, and four times a second while there are some.
    """

    def __init__(self, in_progress: Gauge) -> None:
        """`in_progress` shows how many requests there are."""
        self._gauge = in_progress
        self._in_progress = 0
        self._counted: Multiset[Counter] = Multiset()
        self._observed: defaultdict[BatchHistogram, list[float]] = defaultdict(list)
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """A request has arrived."""
        self._in_progress += 1
        self._write_in_time()

    def count(self, counter: Counter) -> None:
        """One more."""
        self._counted[counter] += 1

    def observe(self, histogram: BatchHistogram, seconds: float) -> None:
        """A duration."""
        self._observed[histogram].append(seconds)

    def end(self) -> None:
        """A request has been answered, or its client has left."""
        self._in_progress -= 1
        if self._in_progress:
            self._write_in_time()
        else:
            self.write()

    def write(self) -> None:
        """Write what isn't yet, for whoever reads the metrics."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._gauge.set(self._in_progress)
        counted, self._counted = self._counted, Multiset()
        observed, self._observed = self._observed, defaultdict(list)
        for counter, number in counted.items():
            counter.inc(number)
        for histogram, amounts in observed.items():
            histogram.observe_all(amounts)

    def _write_in_time(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_S, self.write)
