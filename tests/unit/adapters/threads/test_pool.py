import asyncio
import gc
import math
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest

from adapters.threads.bounded import BoundedThreads
from adapters.threads.fairness import ClientShares, Owner
from adapters.threads.pool import ThreadWorkerPool
from application.ports.workers import Client, current_client, ensure_wanted
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


@pytest.mark.parametrize("fails", [False, True])
async def test_nothing_of_the_work_is_kept_until_garbage_is_collected(*, fails: bool) -> None:
    class Photo:
        pass

    def work(photo: Photo) -> Photo:
        if fails:
            raise NoMatch("nobody")
        return photo

    pool, photo = ThreadWorkerPool(workers=1, queue=0), Photo()
    kept = weakref.ref(photo)
    gc.disable()
    try:
        with suppress(NoMatch):
            await pool.run(work, photo)
        del photo
        pool.close()  # the thread has ended
        assert kept() is None
    finally:
        gc.enable()


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


async def test_whoever_waits_for_a_place_is_woken_when_there_is_one(gate: threading.Event) -> None:
    pool = ThreadWorkerPool(workers=1, queue=0)
    await asyncio.wait_for(pool.vacancy(), 60)
    working = asyncio.create_task(pool.run(gate.wait))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(pool.vacancy()) for _ in range(3)]
    done, _ = await asyncio.wait(waiting, timeout=0.05)
    assert not done
    gate.set()
    await asyncio.wait_for(asyncio.gather(*waiting), 60)
    assert await working
    pool.close()


async def run_for(client: Client, pool: ThreadWorkerPool, work: Callable[[], bool]) -> bool:
    current_client.set(client)
    return await pool.run(work)


async def test_work_of_a_client_that_leaves_is_dropped_before_it_begins(gate: threading.Event) -> None:
    pool = ThreadWorkerPool(workers=1, queue=2)
    begun = threading.Event()
    started: list[str] = []

    def work() -> bool:
        begun.set()
        return gate.wait()

    def note(what: str) -> bool:
        started.append(what)
        return True

    leaving, staying = Client(), Client()
    first = asyncio.create_task(run_for(leaving, pool, work))
    await asyncio.to_thread(begun.wait)
    queued = asyncio.create_task(run_for(leaving, pool, partial(note, "left")))
    other = asyncio.create_task(run_for(staying, pool, partial(note, "stayed")))
    await asyncio.sleep(0)
    leaving.leave()
    with pytest.raises(asyncio.CancelledError):
        await queued
    await asyncio.wait_for(pool.vacancy(), 60)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(run_for(leaving, pool, partial(note, "late")))
    gate.set()
    assert await first, "what has begun is finished"
    assert await other
    assert started == ["stayed"]
    pool.close()


async def test_work_that_has_begun_stops_when_nobody_wants_it() -> None:
    begun, stopped = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        try:
            while True:
                ensure_wanted()
        finally:
            stopped.set()

    pool = ThreadWorkerPool(workers=1, queue=0)
    client = Client()
    current_client.set(client)
    running = asyncio.create_task(pool.run(work))
    current_client.set(None)
    await asyncio.to_thread(begun.wait, 60)
    client.leave()
    assert await asyncio.to_thread(stopped.wait, 60)
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await pool.run(current_client.get) is None
    pool.close()


async def test_what_has_waited_is_known_for_some_time(gate: threading.Event) -> None:
    threads = BoundedThreads("face-worker", 1, 4, lambda: None, lambda: None, ClientShares())
    await asyncio.wrap_future(threads.submit(int, Owner("a", 1)))
    assert not threads.others_wait("b", within_s=math.inf)
    calls = [asyncio.wrap_future(threads.submit(gate.wait, Owner("a", 1))) for _ in range(2)]
    assert threads.others_wait("b", within_s=0)
    assert not threads.others_wait("a", within_s=math.inf)
    gate.set()
    await asyncio.gather(*calls)
    assert threads.others_wait("b", within_s=3600)
    assert not threads.others_wait("b", within_s=0)
    assert not threads.others_wait("a", within_s=3600), "it is its own that has waited"
    threads.close()


async def test_others_that_have_waited_are_others_than_the_latest(gate: threading.Event) -> None:
    threads = BoundedThreads("face-worker", 1, 4, lambda: None, lambda: None, ClientShares())
    calls = [asyncio.wrap_future(threads.submit(gate.wait, Owner(client, 1))) for client in "abcdd"]
    gate.set()
    await asyncio.gather(*calls)
    assert threads.others_wait("d", within_s=3600)
    threads.close()


async def test_work_that_no_thread_does_counts_too(gate: threading.Event) -> None:
    pool, order = ThreadWorkerPool(workers=1, queue=3), list[str]()

    async def ask(name: str, charged: float) -> None:
        client = Client(name)
        client.name = name
        current_client.set(client)
        pool.charge(charged)
        await pool.run(order.append, name)

    running = asyncio.create_task(pool.run(gate.wait))
    await asyncio.sleep(0)
    wanted = (("first", 0.0), ("crowd", 0.4), ("one", 0.002))
    asked = [asyncio.create_task(ask(name, charged)) for name, charged in wanted]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(running, *asked)
    assert order == ["first", "one", "crowd"]
    pool.close()
