"""Whoever has much of the event loop's time waits for others, and nobody for long."""

import asyncio
import gc
import tracemalloc

import pytest

from adapters.threads.event_loop import AHEAD_S, MOST_WAIT_S, MOST_WAITING, EventLoopShares
from adapters.threads.fairness import ClientShares, Owner
from adapters.threads.pool import BYTE_S
from domain.errors import Busy
from tests.virtual_time import in_virtual_time

GOOD, SENDER = Owner("good", 1), Owner("sender", 1)
PIECE = 256 * 1024
FREE = int(AHEAD_S / BYTE_S)
REQUEST_S = 0.002


class Service:
    """Some of what a worker pool has."""

    def __init__(self) -> None:
        self.shares = ClientShares()
        self.photos_wait = True
        self.event_loop = EventLoopShares(self.shares, self.others_wait)

    def others_wait(self, client: object) -> bool:
        """Whether the good client's photo waits."""
        return self.photos_wait and client != GOOD.client

    def work(self, seconds: float) -> None:
        """Let the good client have so much time of the threads."""
        self.shares.charge(GOOD, seconds)
        self.shares.serve(GOOD)

    async def read(self, size: int, owner: Owner = SENDER) -> float:
        """The seconds that it takes to read a body of so many bytes."""
        begun = asyncio.get_running_loop().time()
        for place in range(0, size, PIECE):
            self.event_loop.charge(owner, BYTE_S * min(PIECE, size - place))
            if place + PIECE < size:
                await self.event_loop.turn(owner)
        return asyncio.get_running_loop().time() - begun

    async def answer(self, requests: int, owner: Owner = SENDER) -> None:
        """Answer requests, one after the other."""
        for _ in range(requests):
            await self.event_loop.turn(owner)
            self.event_loop.charge(owner, REQUEST_S)


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
        await service.event_loop.turn(Owner("sender", number))
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
async def test_a_client_alone_never_waits_for_itself(service: Service) -> None:
    """However many others come from its address."""
    begun = asyncio.get_running_loop().time()
    await asyncio.gather(*(service.answer(1000, Owner(GOOD.client, number)) for number in range(16)))
    assert await service.read(20 * FREE, GOOD) == 0
    assert asyncio.get_running_loop().time() == begun


@in_virtual_time
async def test_requests_have_as_much_time_as_others_photos(service: Service) -> None:
    """However many connections they come from."""
    flood = [asyncio.create_task(service.answer(10_000, Owner("sender", number))) for number in range(12)]
    for _ in range(100):
        service.work(0.02)
        await asyncio.sleep(0.1)
    sent = service.shares.had({SENDER})[SENDER][0] - REQUEST_S * len(flood)
    assert 1.8 < sent < 2 + AHEAD_S + REQUEST_S
    for task in flood:
        task.cancel()


@in_virtual_time
async def test_too_many_that_wait_are_refused_unless_it_is_their_turn(service: Service) -> None:
    await service.answer(int(AHEAD_S / REQUEST_S) + 2)
    waiting = [asyncio.create_task(service.event_loop.turn(SENDER)) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await service.event_loop.turn(SENDER)
    await service.event_loop.turn(Owner("modest", 1))
    await asyncio.gather(*waiting)


@pytest.mark.parametrize("served", [True, False])
def test_clients_that_have_gone_are_forgotten(service: Service, *, served: bool) -> None:
    tracemalloc.start()
    try:
        for number in range(20_000):
            service.event_loop.charge(Owner(f"client {number}", number), REQUEST_S)
            if served:
                service.work(0.001)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 2_000_000
    finally:
        tracemalloc.stop()
