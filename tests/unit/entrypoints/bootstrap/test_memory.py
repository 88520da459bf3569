import asyncio
import threading
import time

from entrypoints.bootstrap.memory import giving_back_memory

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
