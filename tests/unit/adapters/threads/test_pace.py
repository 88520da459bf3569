"""The pauses of work in the background, by a clock of the tests' own."""

from collections.abc import Iterator
from itertools import chain, cycle

import pytest

from adapters.threads import pace
from adapters.threads.pace import SHARE, Pace


class Clock:
    """Time passes where it is told to, or by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.spent = 0.0
        self.slept = 0.0

    def monotonic(self) -> float:
        return self.now

    def thread_time(self) -> float:
        return self.spent

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds

    def work(self, seconds: float, within: float | None = None) -> None:
        """Spend processor time, within more time by the clock where others have the processor, too."""
        self.spent += seconds
        self.now += seconds if within is None else within


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def paced(waiting: Iterator[bool], *, wanted: bool = True) -> Pace:
    return Pace(lambda: next(waiting), lambda _: wanted)


def test_it_takes_a_tenth_of_the_time_while_others_wait(clock: Clock) -> None:
    checkpoint = paced(cycle([True]))
    for _ in range(100):
        clock.work(0.03)
        assert checkpoint(clock.spent)
    assert clock.now == pytest.approx(SHARE * clock.spent, rel=0.01)


def test_it_goes_on_where_nobody_waits(clock: Clock) -> None:
    checkpoint = paced(cycle([False]))
    clock.work(5)
    assert checkpoint(clock.spent)
    assert clock.slept == 0


def test_a_pause_ends_soon_when_nobody_waits_any_longer(clock: Clock) -> None:
    checkpoint = paced(iter([True, True, False]))
    clock.work(5)
    assert checkpoint(clock.spent)
    assert 0 < clock.slept < 0.5


def test_what_was_done_while_nobody_waited_is_not_made_up_for(clock: Clock) -> None:
    checkpoint = paced(chain([False], cycle([True])))
    clock.work(5)
    checkpoint(clock.spent)
    clock.work(0.01)
    checkpoint(clock.spent)
    assert clock.slept == pytest.approx(0.09)


def test_no_pause_is_needed_where_others_have_had_their_time(clock: Clock) -> None:
    checkpoint = paced(cycle([True]))
    clock.work(0.1, within=2)
    assert checkpoint(clock.spent)
    assert clock.slept == 0


def test_work_that_nobody_wants_ends_without_a_pause(clock: Clock) -> None:
    checkpoint = paced(cycle([True]), wanted=False)
    clock.work(5)
    assert not checkpoint(clock.spent)
    assert clock.slept == 0
