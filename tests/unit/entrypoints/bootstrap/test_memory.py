import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Iterator

import pytest

from entrypoints.bootstrap.memory import collect_garbage_seldom, giving_back_memory

DEADLINE_S = 30.0


def work(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


async def test_memory_is_given_back_each_time_that_there_was_work() -> None:
    given = threading.Semaphore(0)
    async with giving_back_memory(given.release, every_s=0.01, work_s=0.05):
        for _ in range(3):
            work(0.06)
            assert await asyncio.to_thread(given.acquire, timeout=DEADLINE_S)


async def test_nothing_is_done_where_there_was_no_work() -> None:
    times: list[float] = []
    async with giving_back_memory(lambda: times.append(1), every_s=0.001, work_s=time.process_time() + 3600):
        await asyncio.sleep(0.1)
    assert times == []


class Cycle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def collector() -> Iterator[None]:
    former = gc.get_threshold()
    yield
    gc.set_threshold(*former)
    gc.unfreeze()


@pytest.mark.usefixtures("collector")
def test_cyclic_garbage_of_requests_is_still_collected() -> None:
    collect_garbage_seldom()
    first = weakref.ref(Cycle())
    kept = [Cycle() for _ in range(50_000)]
    assert first() is None
    assert kept
