import asyncio
import threading
from collections.abc import Iterator

import pytest

from adapters.threads.pool import ThreadWorkerPool
from domain.errors import Busy, NoMatch


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


async def test_returns_the_result_of_work_done_in_another_thread() -> None:
    pool = ThreadWorkerPool(workers=1, queue=0)
    assert await pool.run(threading.get_ident) != threading.get_ident()
    pool.close()


async def test_an_error_of_the_work_reaches_the_caller() -> None:
    def fail() -> None:
        raise NoMatch("nobody")

    pool = ThreadWorkerPool(workers=1, queue=0)
    with pytest.raises(NoMatch, match="nobody"):
        await pool.run(fail)
    pool.close()


async def test_a_full_queue_refuses_at_once_and_later_takes_work_again(gate: threading.Event) -> None:
    pool = ThreadWorkerPool(workers=1, queue=1)
    taken = [asyncio.create_task(pool.run(gate.wait)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await pool.run(int)
    gate.set()
    assert await asyncio.gather(*taken) == [True, True]
    assert await pool.run(int) == 0
    pool.close()


async def test_a_cancelled_caller_keeps_its_place_until_the_work_has_ended(gate: threading.Event) -> None:
    pool = ThreadWorkerPool(workers=1, queue=0)
    started = threading.Event()

    def work() -> None:
        started.set()
        gate.wait()

    caller = asyncio.create_task(pool.run(work))
    await asyncio.to_thread(started.wait)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    with pytest.raises(Busy):
        await pool.run(int)
    pool_end = asyncio.to_thread(pool.close)
    gate.set()
    await pool_end
