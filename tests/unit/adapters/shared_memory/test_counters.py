"""The counters that all processes share: never more than the limit, and everything is given back."""

import fcntl
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from adapters.shared_memory import counters
from adapters.shared_memory.counters import HOLDERS, MAX_PROCESSES, SharedCounters

PLACES = range(3)
HOLDER_NAMES = st.sampled_from(["key 1", "key 2", "address 192.0.2.1"])
fork = multiprocessing.get_context("fork")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(clock: Clock) -> Iterator[SharedCounters]:
    table = SharedCounters.create(clock)
    yield table
    table.close()


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 20),
    st.lists(st.tuples(st.sampled_from(PLACES), st.floats(0, 40)), max_size=150),
)
def test_never_more_than_the_limit_in_any_minute(limit: int, requests: list[tuple[int, float]]) -> None:
    clock = Clock()
    first = SharedCounters.create(clock)
    processes = [SharedCounters(first.file, place, clock) for place in PLACES]
    counted: list[float] = []
    refused_until = 0.0
    for place, pause in requests:
        clock.now += pause
        done, quota = processes[place].count_request("key 1", limit)
        within = [at for at in counted if at > clock.now - 60]
        if done:
            assert len(within) < limit
            assert clock.now >= refused_until - 1, "it was told to wait longer"
            counted.append(clock.now)
            assert quota.remaining <= limit - len(within) - 1
        else:
            assert quota.remaining == 0
            assert sum(at > clock.now - 65 for at in counted) >= limit, "refused for nothing"
            refused_until = clock.now + quota.reset_s
        assert 1 <= quota.reset_s <= 65
    first.close()


def test_what_is_told_is_kept(table: SharedCounters, clock: Clock) -> None:
    for remaining in (2, 1, 0):
        clock.now += 7
        assert table.count_request("key 1", 3)[1].remaining == remaining
    done, quota = table.count_request("key 1", 3)
    assert not done
    clock.now += quota.reset_s - 1.1
    assert not table.count_request("key 1", 3)[0]
    clock.now += 1.1
    assert table.count_request("key 1", 3)[0]
    assert table.count_request("key 2", 3)[0], "of another holder"


def test_a_limit_that_is_lowered(table: SharedCounters) -> None:
    for _ in range(10):
        assert table.count_request("key 1", 10)[0]
    done, quota = table.count_request("key 1", 3)
    assert (done, quota.remaining) == (False, 0)


class Photos(RuleBasedStateMachine):
    """Processes that take and give back photos, and end without giving anything back."""

    def __init__(self) -> None:
        super().__init__()
        self.table = SharedCounters.create()
        self.processes = {place: SharedCounters(self.table.file, place) for place in PLACES}
        self.taken: dict[tuple[int, str], int] = {}

    def total(self, holder: str) -> int:
        return sum(number for (_, name), number in self.taken.items() if name == holder)

    @rule(place=st.sampled_from(PLACES), holder=HOLDER_NAMES, limit=st.integers(1, 5))
    def take(self, place: int, holder: str, limit: int) -> None:
        expected = self.total(holder) < limit
        assert self.processes[place].take_photo(holder, limit) is expected
        if expected:
            self.taken[place, holder] = self.taken.get((place, holder), 0) + 1

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        place, holder = data.draw(st.sampled_from(sorted(self.taken)))
        number = data.draw(st.integers(1, self.taken[place, holder]))
        self.processes[place].give_back_photos(holder, number)
        self.taken[place, holder] -= number
        if not self.taken[place, holder]:
            del self.taken[place, holder]

    @rule(place=st.sampled_from(PLACES))
    def end(self, place: int) -> None:
        self.table.give_back_all(place)
        self.taken = {key: number for key, number in self.taken.items() if key[0] != place}

    @invariant()
    def as_many_are_free_as_were_not_taken(self) -> None:
        for holder in ("key 1", "key 2"):
            free = 0
            while self.processes[0].take_photo(holder, 7):
                free += 1
            self.processes[0].give_back_photos(holder, free)
            assert free == max(0, 7 - self.total(holder))

    def teardown(self) -> None:
        self.table.close()


TestPhotos = Photos.TestCase
TestPhotos.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)


def _count(file: int, place: int, limit: int, result: int) -> None:
    table = SharedCounters(file, place)
    done = sum(table.count_request("key 1", limit)[0] for _ in range(2 * limit))
    photos = sum(table.take_photo("key 1", limit) for _ in range(2 * limit))
    os.write(result, f"{done} {photos}\n".encode())


def test_several_processes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "_LOCK_S", 60)  # a loaded machine may stop the one that has it for long
    table = SharedCounters.create()
    reading, writing = os.pipe()
    workers = [fork.Process(target=_count, args=(table.file, place, 500, writing)) for place in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    lines = os.read(reading, 4096).decode().splitlines()
    done, photos = (sum(map(int, column)) for column in zip(*map(str.split, lines), strict=True))
    assert (done, photos) == (500, 500)
    for place in range(4):
        table.give_back_all(place)
    assert sum(table.take_photo("key 1", 500) for _ in range(1000)) == 500
    for file in (reading, writing):
        os.close(file)
    table.close()


def _hold_all_locks(file: int, ready: int) -> None:
    fcntl.lockf(file, fcntl.LOCK_EX)
    os.write(ready, b".")
    time.sleep(600)


def test_a_process_that_stops_or_is_killed_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    table = SharedCounters.create()
    reading, writing = os.pipe()
    holder = fork.Process(target=_hold_all_locks, args=(table.file, writing))
    holder.start()
    os.read(reading, 1)
    begun = time.monotonic()
    assert table.count_request("key 1", 5)[0]
    assert time.monotonic() - begun < 60
    os.kill(holder.pid or 0, signal.SIGKILL)
    holder.join()
    monkeypatch.setattr(counters, "_LOCK_S", 120)
    begun = time.monotonic()
    assert table.count_request("key 1", 5)[0]
    assert time.monotonic() - begun < 60
    for file in (reading, writing):
        with suppress(OSError):
            os.close(file)
    table.close()


def test_more_clients_than_there_is_room_for(table: SharedCounters, clock: Clock) -> None:
    assert table.take_photo("key 1", 1)
    for number in range(2 * HOLDERS):
        assert table.count_request(f"address {number}", 1)[0]
    assert not table.take_photo("key 1", 1), "who has photos in work is not forgotten"
    clock.now += 1
    assert not table.count_request(f"address {2 * HOLDERS - 1}", 1)[0]


def test_a_request_costs_microseconds(table: SharedCounters) -> None:
    begun = time.thread_time()
    for _ in range(2000):
        table.count_request("key 1", 10**6)
        table.take_photo("key 1", 10**4)
    table.give_back_photos("key 1", 2000)
    assert (time.thread_time() - begun) / 2000 < 500e-6


def test_as_many_processes_as_the_settings_allow() -> None:
    assert MAX_PROCESSES == 16
