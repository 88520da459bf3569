"""Whoever sends much waits for others, and nobody for long."""

import asyncio
import gc
import tracemalloc

import pytest

from adapters.threads.fairness import ClientShares, Owner
from adapters.threads.receiving import AHEAD_S, BYTE_S, MOST_WAIT_S, ReceivingShares
from tests.virtual_time import in_virtual_time

GOOD, SENDER = Owner("good", 1), Owner("sender", 1)
PIECE = 256 * 1024
FREE = int(AHEAD_S / BYTE_S)


class Service:
    """Some of what a worker pool has."""

    def __init__(self) -> None:
        self.shares = ClientShares()
        self.photos_wait = True
        self.receiving = ReceivingShares(self.shares, lambda: self.photos_wait)

    def work(self, seconds: float) -> None:
        """Let the good client have so much time of the threads."""
        self.shares.charge(GOOD, seconds)
        self.shares.serve(GOOD)

    async def read(self, size: int, owner: Owner = SENDER) -> float:
        """The seconds that it takes to read a body of so many bytes."""
        begun = asyncio.get_running_loop().time()
        for place in range(0, size, PIECE):
            await self.receiving.count(owner, min(PIECE, size - place), last=place + PIECE >= size)
        return asyncio.get_running_loop().time() - begun


@pytest.fixture
def service() -> Service:
    return Service()


@in_virtual_time
async def test_a_few_large_photos_do_not_wait(service: Service) -> None:
    assert await service.read(10_000_000) == 0
    assert await service.read(10_000_000) == 0
    assert await service.read(10_000_000, GOOD) == 0


@in_virtual_time
async def test_nobody_waits_where_no_photo_does(service: Service) -> None:
    service.photos_wait = False
    assert await service.read(20 * FREE) == 0


@in_virtual_time
async def test_many_wait_until_others_have_had_as_much_time(service: Service) -> None:
    await service.read(FREE)
    more = asyncio.create_task(service.read(20_000_000))
    await asyncio.sleep(1)
    assert not more.done()
    service.work(20_000_000 * BYTE_S)
    await asyncio.sleep(1)
    assert more.done()


@in_virtual_time
async def test_a_turn_that_nobody_else_wants_is_no_leave_to_send(service: Service) -> None:
    await service.read(FREE)
    service.shares.serve(SENDER)
    more = asyncio.create_task(service.read(20_000_000))
    await asyncio.sleep(1)
    assert not more.done()
    more.cancel()


@in_virtual_time
async def test_they_wait_no_longer_when_no_photo_does(service: Service) -> None:
    await service.read(FREE)
    more = asyncio.create_task(service.read(100_000_000))
    await asyncio.sleep(1)
    service.photos_wait = False
    assert await more < 2


@in_virtual_time
async def test_others_do_not_wait_for_them(service: Service) -> None:
    attack = [asyncio.create_task(service.read(10 * FREE, Owner("sender", number))) for number in range(20)]
    await asyncio.sleep(1)
    assert not any(task.done() for task in attack)
    assert await service.read(10_000_000, GOOD) == 0
    for task in attack:
        task.cancel()


@in_virtual_time
async def test_the_connections_of_a_client_take_turns(service: Service) -> None:
    await service.read(FREE)
    attack = [asyncio.create_task(service.read(10 * FREE, Owner("sender", number))) for number in range(20)]
    await asyncio.sleep(0)
    modest = asyncio.create_task(service.read(2 * PIECE, Owner("sender", "modest")))
    for _ in range(100):
        service.work(PIECE * BYTE_S)
        await asyncio.sleep(0.1)
    assert modest.done()
    for task in attack:
        task.cancel()


@in_virtual_time
async def test_others_have_their_turn_between_two_pieces(service: Service) -> None:
    """However many connections of a client have sent one."""
    order: list[str] = []

    async def send(number: int) -> None:
        await service.receiving.count(Owner("sender", number), PIECE, last=False)
        order.append("sender")

    async def other() -> None:
        for _ in range(40):
            await asyncio.sleep(0)
            order.append("other")

    await asyncio.gather(*(send(number) for number in range(20)), other())
    assert order.count("sender") == 20
    assert "sender sender" not in " ".join(order)


@in_virtual_time
async def test_a_piece_waits_some_seconds_at_most(service: Service) -> None:
    """Whatever the others get: a proxy must not take the service for dead."""
    await service.read(FREE)
    assert await service.read(2 * PIECE) == pytest.approx(MOST_WAIT_S)


@in_virtual_time
async def test_the_past_does_not_count_for_long(service: Service) -> None:
    service.photos_wait = False
    await service.read(1000 * FREE)
    service.photos_wait = True
    service.work(1)
    assert await service.read(10_000_000) == 0


@in_virtual_time
async def test_clients_that_have_gone_are_forgotten(service: Service) -> None:
    tracemalloc.start()
    try:
        for number in range(20_000):
            await service.receiving.count(Owner(f"client {number}", number), PIECE, last=True)
            service.work(0.001)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 2_000_000
    finally:
        tracemalloc.stop()
