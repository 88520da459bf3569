"""Discrete events: processes that wait, take turns at what is scarce, and share processors.

A process is a generator. What it yields is told how to go on: `yield processor.run(0.03)` goes on when that is done.
"""

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

Resume: TypeAlias = Callable[[], None]
Step: TypeAlias = Callable[[Resume], None]
Process: TypeAlias = Iterator[Step]

_PRECISION = 1e-12
"""Seconds of work that count as none."""


class Simulation:
    """The clock, and what is to happen when."""

    def __init__(self) -> None:
        self.now = 0.0
        """Seconds since the beginning."""
        self._events: list[tuple[float, int, Resume]] = []
        self._order = itertools.count()

    def at(self, time: float, happen: Resume) -> None:
        """Do something at a time, after what was said of the same time before."""
        heapq.heappush(self._events, (time, next(self._order), happen))

    def wait(self, seconds: float) -> Step:
        """A process goes on later."""
        return lambda resume: self.at(self.now + seconds, resume)

    def start(self, process: Process) -> None:
        """A process begins now."""

        def go_on() -> None:
            for step in process:
                step(go_on)
                return

        self.at(self.now, go_on)

    def run(self, until: float = math.inf) -> None:
        """Let everything happen up to a time, or all that there is."""
        while self._events and self._events[0][0] <= until:
            self.now, _, happen = heapq.heappop(self._events)
            happen()
        if math.isfinite(until):
            self.now = until


class Processor:
    """Cores that all who compute share alike, as an operating system does with threads of the same priority."""

    def __init__(self, simulation: Simulation, cores: Sequence[float]) -> None:
        """Of one host.

        Args:
            simulation: the clock.
            cores: what one job gets of them, what two get together, and so on; more get as much as the last. That is
                (1, 2) for two cores, and less where other programs want them, too.
        """
        self._simulation = simulation
        self._cores = cores
        self._jobs: list[tuple[float, int, Resume]] = []
        """By what every job has got when this one is done."""
        self._order = itertools.count()
        self._got = 0.0
        """Seconds of work that a job has got which was there from the beginning."""
        self._updated = 0.0
        self._plan = 0
        self.busy = 0.0
        """Seconds of work done for all jobs."""

    def run(self, work: float) -> Step:
        """A process goes on when so many seconds of work are done."""

        def begin(resume: Resume) -> None:
            self._update()
            heapq.heappush(self._jobs, (self._got + work, next(self._order), resume))
            self._schedule()

        return begin

    def _rate(self) -> float:
        jobs = len(self._jobs)
        return self._cores[min(jobs, len(self._cores)) - 1] / jobs

    def _update(self) -> None:
        if self._jobs:
            done = (self._simulation.now - self._updated) * self._rate()
            self._got += done
            self.busy += done * len(self._jobs)
        self._updated = self._simulation.now

    def _schedule(self) -> None:
        self._plan += 1
        if self._jobs:
            plan = self._plan
            left = max(0.0, self._jobs[0][0] - self._got) / self._rate()
            self._simulation.at(self._simulation.now + left, lambda: self._done(plan))

    def _done(self, plan: int) -> None:
        if plan != self._plan:
            return  # somebody has come since
        self._update()
        finished = []
        while self._jobs and self._jobs[0][0] <= self._got + _PRECISION:
            finished.append(heapq.heappop(self._jobs)[2])
        self._schedule()
        for resume in finished:
            resume()


class Slots:
    """So many may be in at once; the others wait in line."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._line: deque[Resume] = deque()

    def take(self, resume: Resume) -> None:
        """`yield slots.take`: a process goes on when it is in."""
        if self._free:
            self._free -= 1
            resume()
        else:
            self._line.append(resume)

    def leave(self) -> None:
        """Let the next one in."""
        if self._line:
            self._line.popleft()()
        else:
            self._free += 1

    def __len__(self) -> int:
        """How many wait."""
        return len(self._line)
