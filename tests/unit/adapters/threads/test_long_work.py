"""Work that takes long while others wait."""

import asyncio
import os
import sys
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable

import pytest

from adapters.threads.pool import ThreadWorkerPool
from application.ports.effort import checkpoint
from application.ports.workers import Client, current_client
from domain.errors import Busy, InvalidImage
from tests.waiting import PATIENCE_S

ORDINARY, BACKGROUND = "face-worker", "face-background"


class Photos:
    """Work whose processor time is only told, so that the tests are quick: it says where it runs."""

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def costly(self, *, seconds: float = 100) -> int:
        """Of which one checkpoint says what it will take; the niceness with which it runs."""
        self.threads.append(threading.current_thread().name.partition("_")[0])
        self.begun.set()
        self.go_on.wait(60)
        checkpoint(seconds)
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def endless(self) -> None:
        """Work that ends at a checkpoint only."""
        self.begun.set()
        while True:
            checkpoint(100)
            time.sleep(0.001)


@pytest.fixture
def photos() -> Photos:
    return Photos()


@pytest.fixture
async def pool() -> AsyncIterator[ThreadWorkerPool]:
    pool = ThreadWorkerPool(workers=1, queue=2)
    yield pool
    await asyncio.to_thread(pool.close)


async def begun(
    pool: ThreadWorkerPool, work: Callable[[], object], event: threading.Event
) -> asyncio.Task[object]:
    task = asyncio.create_task(pool.run(work))
    await asyncio.to_thread(event.wait)
    return task


async def test_it_makes_room_for_those_who_wait_and_is_done_in_the_background(
    pool: ThreadWorkerPool, photos: Photos
) -> None:
    costly = await begun(pool, photos.costly, photos.begun)
    waiting = asyncio.create_task(pool.run(int))
    await asyncio.sleep(0)
    photos.go_on.set()
    assert await waiting == 0
    niceness = await costly
    assert photos.threads == [ORDINARY, BACKGROUND]
    if sys.platform == "linux":
        assert niceness == min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19)


async def test_it_goes_on_where_nobody_waits(pool: ThreadWorkerPool, photos: Photos) -> None:
    photos.go_on.set()
    await pool.run(photos.costly)
    assert photos.threads == [ORDINARY]


@pytest.mark.parametrize("seconds", [0.2, 0.9], ids=["an ordinary time", "not much more than all others"])
async def test_ordinary_work_is_finished_though_others_wait(
    pool: ThreadWorkerPool, photos: Photos, seconds: float
) -> None:
    costly = await begun(pool, lambda: photos.costly(seconds=seconds), photos.begun)
    waiting = asyncio.create_task(pool.run(int))
    await asyncio.sleep(0)
    photos.go_on.set()
    await asyncio.gather(waiting, costly)
    assert photos.threads == [ORDINARY]


async def test_where_all_is_treated_alike_it_is_finished(photos: Photos) -> None:
    pool = ThreadWorkerPool(workers=1, queue=2, costly_s=0)
    costly = await begun(pool, photos.costly, photos.begun)
    waiting = asyncio.create_task(pool.run(int))
    await asyncio.sleep(0)
    photos.go_on.set()
    await asyncio.gather(waiting, costly)
    assert photos.threads == [ORDINARY]
    pool.close()


async def test_it_is_refused_when_it_has_taken_too_long(photos: Photos) -> None:
    pool = ThreadWorkerPool(workers=1, queue=2, costly_s=0.3)
    endless = await begun(pool, photos.endless, photos.begun)
    assert await pool.run(int) == 0
    with pytest.raises(Busy):
        await asyncio.wait_for(endless, PATIENCE_S)
    await asyncio.wait_for(asyncio.to_thread(pool.close), PATIENCE_S)


async def test_it_is_refused_when_it_has_waited_too_long(photos: Photos) -> None:
    pool = ThreadWorkerPool(workers=1, queue=2, costly_s=0.3)
    tasks = [await begun(pool, photos.endless, photos.begun) for _ in range(2)]
    assert await pool.run(int) == 0
    results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), PATIENCE_S)
    assert [type(result) for result in results] == [Busy, Busy]
    await asyncio.to_thread(pool.close)


async def test_it_is_refused_when_too_much_waits_in_the_background() -> None:
    pool = ThreadWorkerPool(workers=1, queue=1)
    several = [Photos() for _ in range(3)]
    tasks = []
    for each in several:
        tasks.append(await begun(pool, each.endless, each.begun))
        assert await pool.run(int) == 0
    with pytest.raises(Busy):
        await asyncio.wait_for(tasks[2], PATIENCE_S)
    await asyncio.to_thread(pool.close)
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_end_of_the_service_does_not_wait_for_it(pool: ThreadWorkerPool, photos: Photos) -> None:
    endless = await begun(pool, photos.endless, photos.begun)
    await asyncio.wait_for(asyncio.to_thread(pool.close), PATIENCE_S)
    with pytest.raises((Busy, RuntimeError)):
        await endless


async def test_it_ends_when_its_client_has_left(pool: ThreadWorkerPool, photos: Photos) -> None:
    client = Client()

    async def ask() -> None:
        current_client.set(client)
        await pool.run(photos.endless)

    asking = asyncio.create_task(ask())
    await asyncio.to_thread(photos.begun.wait)
    assert await pool.run(int) == 0
    client.leave()
    other = Photos()
    other.go_on.set()
    costly = asyncio.create_task(pool.run(other.costly))
    assert await pool.run(int) == 0
    await asyncio.wait_for(costly, PATIENCE_S)
    with pytest.raises((Busy, asyncio.CancelledError)):
        await asking


async def test_an_error_keeps_no_pixels(pool: ThreadWorkerPool) -> None:
    class Pixels:
        pass

    kept: list[weakref.ref[Pixels]] = []

    def fail() -> None:
        pixels = Pixels()
        kept.append(weakref.ref(pixels))
        try:
            int("damaged")
        except ValueError as error:
            raise InvalidImage("damaged") from error

    with pytest.raises(InvalidImage) as raised:
        await pool.run(fail)
    assert raised.value.__traceback__ is not None
    assert kept[0]() is None
