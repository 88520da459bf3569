"""Equal time for clients that wait."""

import asyncio
import threading
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest

from adapters.threads.fairness import MOST_AHEAD_S, ClientShares, FairQueue, Owner
from adapters.threads.pool import ThreadWorkerPool
from application.ports.workers import Client, current_client
from domain.errors import Busy
from tests.waiting import PATIENCE_S

GOOD = [Owner(f"good {number}", number) for number in range(10)]
ATTACKER = [Owner("attacker", number) for number in range(12)]


def served(costs: dict[Owner, float], seconds: float) -> Counter[object]:
    """The time that each client gets of one thread, if each connection asks again as soon as it is answered."""
    queue: FairQueue[Owner] = FairQueue(shares := ClientShares())
    for owner in costs:
        queue.append(owner, owner)
    had: Counter[object] = Counter()
    while had.total() < seconds:
        owner, _ = queue.pop()
        shares.charge(owner, costs[owner])
        had[owner.client] += costs[owner]  # type: ignore[assignment]
        queue.append(owner, owner)
    return had


@pytest.mark.parametrize("cost", [0.005, 0.02, 0.2, 2.0])
def test_a_client_with_many_connections_gets_no_more_than_others(cost: float) -> None:
    had = served({**dict.fromkeys(ATTACKER, cost), **dict.fromkeys(GOOD, 0.02)}, 100)
    assert had["attacker"] == pytest.approx(100 / 11, abs=2.1)
    assert had["good 3"] == pytest.approx(100 / 11, abs=0.5)


def test_connections_of_a_client_get_equal_time() -> None:
    """As where all come through a proxy that isn't known as one."""
    costs = {Owner("proxy", number): 0.2 if number < 10 else 0.02 for number in range(20)}
    queue: FairQueue[Owner] = FairQueue(shares := ClientShares())
    for owner in costs:
        queue.append(owner, owner)
    had = Counter[object]()
    for _ in range(2000):
        owner, _ = queue.pop()
        shares.charge(owner, costs[owner])
        had[owner.connection] += round(1000 * costs[owner])
        queue.append(owner, owner)
    assert max(had.values()) - min(had.values()) <= 220


def test_one_connection_is_served_in_the_order_of_its_requests() -> None:
    queue: FairQueue[int] = FairQueue(ClientShares())
    for number in range(5):
        queue.append(GOOD[0], number)
    assert [queue.pop()[1] for _ in range(5)] == [0, 1, 2, 3, 4]


def test_whoever_comes_back_has_saved_no_time() -> None:
    queue: FairQueue[Owner] = FairQueue(shares := ClientShares())
    for _ in range(1000):
        queue.append(GOOD[0], GOOD[0])
        shares.charge(queue.pop()[0], 1)
    back: Counter[object] = Counter()
    for owner in (GOOD[0], ATTACKER[0], ATTACKER[1]):
        queue.append(owner, owner)
    for _ in range(20):
        owner, _ = queue.pop()
        back[owner.client] += 1
        shares.charge(owner, 1)
        queue.append(owner, owner)
    assert back["attacker"] <= 11


def test_work_in_the_background_sets_its_client_back_by_a_second_at_most() -> None:
    queue: FairQueue[Owner] = FairQueue(shares := ClientShares())
    shares.charge(GOOD[0], 25, MOST_AHEAD_S)
    order = []
    for owner in (GOOD[0], GOOD[1]):
        queue.append(owner, owner)
    for _ in range(30):
        owner, _ = queue.pop()
        order.append(owner)
        shares.charge(owner, 0.1)
        queue.append(owner, owner)
    assert 9 <= order.index(GOOD[0]) <= 11


def test_clients_and_connections_that_have_gone_are_forgotten() -> None:
    queue: FairQueue[int] = FairQueue(shares := ClientShares())
    tracemalloc.start()
    try:
        for number in range(20_000):
            queue.append(Owner(f"client {number}", number), number)
            queue.append(Owner("churning", number), number)
            for _ in range(2):
                shares.charge(queue.pop()[0], 0.01)
        assert tracemalloc.get_traced_memory()[0] < 2_000_000
    finally:
        tracemalloc.stop()


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


@pytest.fixture
async def pool(gate: threading.Event) -> AsyncIterator[ThreadWorkerPool]:
    """One thread, which is busy until the gate opens, and four places in its queue."""
    pool = ThreadWorkerPool(workers=1, queue=4)
    busy = asyncio.create_task(pool.run(gate.wait))
    await asyncio.sleep(0)
    yield pool
    gate.set()
    await busy
    await asyncio.to_thread(pool.close)


async def ask(
    pool: ThreadWorkerPool, name: str, work: Callable[[], object], received: int = 0
) -> asyncio.Task[object]:
    async def asked() -> object:
        client = Client(connection=name)
        client.name = name
        current_client.set(client)
        await pool.count_received(received, last=True)
        return await pool.run(work)

    task = asyncio.create_task(asked())
    await asyncio.sleep(0)
    return task


async def test_clients_take_turns(pool: ThreadWorkerPool, gate: threading.Event) -> None:
    order: list[str] = []
    tasks = [await ask(pool, name, partial(order.append, name)) for name in ("a", "a", "a", "b")]
    gate.set()
    await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_S)
    assert order.index("b") <= 1


async def test_what_receiving_a_photo_takes_counts(pool: ThreadWorkerPool, gate: threading.Event) -> None:
    order: list[str] = []
    sizes = {"first": 10_000, "large": 10_000_000, "small": 10_000}
    tasks = [await ask(pool, name, partial(order.append, name), size) for name, size in sizes.items()]
    gate.set()
    await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_S)
    assert order == ["first", "small", "large"]


async def test_a_full_queue_has_room_for_those_who_have_less_in_it(
    pool: ThreadWorkerPool, gate: threading.Event
) -> None:
    greedy = [await ask(pool, "greedy", int) for _ in range(4)]
    modest = await ask(pool, "modest", lambda: 7)
    with pytest.raises(Busy):
        await asyncio.wait_for(greedy[3], PATIENCE_S)
    with pytest.raises(Busy):
        await asyncio.wait_for(await ask(pool, "greedy", int), PATIENCE_S)
    gate.set()
    assert await asyncio.wait_for(modest, PATIENCE_S) == 7
    assert await asyncio.gather(*greedy[:3]) == [0, 0, 0]


async def test_work_that_waits_at_the_end_of_the_service_is_refused(
    pool: ThreadWorkerPool, gate: threading.Event
) -> None:
    waiting = await ask(pool, "a", int)
    closing = asyncio.create_task(asyncio.to_thread(pool.close))
    with pytest.raises(Busy):
        await asyncio.wait_for(waiting, PATIENCE_S)
    with pytest.raises(Busy):
        await pool.run(int)
    gate.set()
    await asyncio.wait_for(closing, PATIENCE_S)
