"""What a request's work consists of and how long each stage of it takes: the one seam of measurement."""

import functools
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, ParamSpec, TypeVar

from application.context import context_value
from domain.identification import Verdict

P = ParamSpec("P")
R = TypeVar("R")

MOST_KEPT = 10_000
"""Measurements of one request; a batch has many photos, each with a few."""


class Stage(StrEnum):
    """A part of the work. `database` is within most searches too."""

    QUEUE = "queue"
    """Waiting for a worker."""
    DECODE = "decode"
    DETECT = "detect"
    REFINE = "refine"
    """Locating landmarks a second time."""
    ALIGN = "align"
    EMBED = "embed"
    LIVENESS = "liveness"
    QUALITY = "quality"
    SEARCH = "search"
    """Among the people enrolled, by an index or by the database."""
    DATABASE = "database"
    """Connections, statements and transactions."""


class StageTime(NamedTuple):
    """One stage of one request."""

    stage: Stage
    began: float
    """In seconds of time.perf_counter()."""
    seconds: float


@dataclass(slots=True)
class Measurements:
    """Of one request. Workers add to it, and the request's own task."""

    stages: list[StageTime] = field(default_factory=list)
    """In the order in which they ended."""
    verdicts: list[Verdict] = field(default_factory=list)
    """Of its identifications."""

    def add(self, stage: Stage, began: float) -> None:
        """Note a stage that ends now; what is too much is left out."""
        if len(self.stages) < MOST_KEPT:
            self.stages.append(StageTime(stage, began, time.perf_counter() - began))

    def totals(self) -> dict[Stage, float]:
        """Seconds by stage."""
        totals: dict[Stage, float] = {}
        for stage, _, seconds in self.stages:
            totals[stage] = totals.get(stage, 0.0) + seconds
        return totals


_current: ContextVar[Measurements | None] = ContextVar("measurements", default=None)


def current_measurements() -> Measurements | None:
    """What is measured of the current request so far; None if nobody measures."""
    return _current.get()


def measuring() -> context_value[Measurements]:
    """Measure what the current task does, and what workers do for it, for a `with` block."""
    return context_value(_current, Measurements())


class stage:  # noqa: N801 - as those of contextlib; a generator would take three times as long
    """Measure a stage, if anybody measures."""

    __slots__ = ("_began", "_measurements", "_which")

    def __init__(self, which: Stage) -> None:
        self._which = which

    def __enter__(self) -> None:
        self._measurements = _current.get()
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        if self._measurements is not None:
            self._measurements.add(self._which, self._began)


def timed(which: Stage) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make calls of a synchronous function a stage."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def measured(*args: P.args, **kwargs: P.kwargs) -> R:
            # As `stage` does it; with an object for every call it would take twice as long.
            measurements = _current.get()
            if measurements is None:
                return function(*args, **kwargs)
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                measurements.add(which, began)

        return measured

    return decorate


def note_verdict(verdict: Verdict) -> None:
    """Count a decision about a face."""
    measurements = _current.get()
    if measurements is not None and len(measurements.verdicts) < MOST_KEPT:
        measurements.verdicts.append(verdict)


def carried(work: Callable[P, R]) -> Callable[P, R]:
    """The same work, to be run in another thread: it is measured for this task, and so is its wait for a worker."""
    measurements = _current.get()
    if measurements is None:
        return work
    return functools.partial(_carried, measurements, time.perf_counter(), work)


def _carried(
    measurements: Measurements, submitted: float, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs
) -> R:
    measurements.add(Stage.QUEUE, submitted)
    token = _current.set(measurements)
    try:
        return work(*args, **kwargs)
    finally:
        _current.reset(token)
