"""Limits of clients: what is admitted, and how the photos of one request share its places."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.shared_memory.counters import SharedCounters
from application.limits import LimitClients, PhotoPlaces, hold_photo_place, run_on_photo
from application.ports.workers import Client, current_client, ensure_wanted
from domain.errors import InvalidInput
from domain.limits import DEFAULT_LIMITS, MAX_CONCURRENT_PHOTOS, Limits, RateLimited, TooManyPhotos
from tests.unit.fakes import InlineWorkers

NUMBERS = st.none() | st.integers(0, MAX_CONCURRENT_PHOTOS)


@pytest.fixture
def counters() -> Iterator[SharedCounters]:
    counters = SharedCounters.create()
    yield counters
    counters.close()


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client()
    former = current_client.set(client)
    yield client
    current_client.reset(former)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_own_limits_come_before_the_default(
    requests: int | None, photos: int | None, default_requests: int | None, default_photos: int | None
) -> None:
    limits = Limits(requests, photos).or_else(Limits(default_requests, default_photos))
    assert limits.requests_per_minute == (default_requests if requests is None else requests)
    assert limits.concurrent_photos == (default_photos if photos is None else photos)


@pytest.mark.parametrize("limits", [(-1, 0), (0, -1), (1_000_001, None), (None, 10_001)])
def test_senseless_limits(limits: tuple[int | None, int | None]) -> None:
    with pytest.raises(InvalidInput):
        Limits(*limits)


async def test_requests(counters: SharedCounters, client: Client) -> None:
    limit = LimitClients(counters, Limits(2, 0), InlineWorkers())
    first = await limit.admit("a", DEFAULT_LIMITS)
    assert first is not None
    assert first.remaining == 1
    assert await limit.admit("a", DEFAULT_LIMITS) is not None
    with pytest.raises(RateLimited, match="More than 2 requests in a minute") as refused:
        await limit.admit("a", DEFAULT_LIMITS)
    assert 1 <= refused.value.quota.reset_s <= 65
    assert await limit.admit("a", Limits(0)) is None, "0 is unlimited"
    assert await limit.admit("b", DEFAULT_LIMITS) is not None
    assert client.photos is None
    assert client.name == "b", "whose photos wait"


async def test_a_client_with_too_many_photos(counters: SharedCounters, client: Client) -> None:
    limit = LimitClients(counters, Limits(0, 1), InlineWorkers())
    await limit.admit("a", DEFAULT_LIMITS)
    assert await run_on_photo(InlineWorkers(), lambda: 7) == 7
    other = Client()
    former = current_client.set(other)
    await limit.admit("a", DEFAULT_LIMITS)
    with pytest.raises(TooManyPhotos):
        await run_on_photo(InlineWorkers(), lambda: 7)
    with pytest.raises(TooManyPhotos):
        hold_photo_place()
    client.end()
    hold_photo_place()
    other.end()
    current_client.reset(former)
    assert counters.take_photo("a", 1)


@pytest.mark.parametrize("limit", [1, 3])
async def test_photos_of_a_batch_take_turns(counters: SharedCounters, limit: int) -> None:
    places = PhotoPlaces(counters, "a", limit)
    now, most = 0, 0

    async def one() -> None:
        nonlocal now, most
        async with places.place():
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*(one() for _ in range(20)))
    assert most == limit
    assert not counters.take_photo("a", limit)
    places.close()
    assert counters.take_photo("a", 1)


async def test_a_photo_that_is_cancelled_leaves_its_place(counters: SharedCounters) -> None:
    places = PhotoPlaces(counters, "a", 1)

    async def forever() -> None:
        async with places.place():
            await asyncio.Event().wait()

    working = asyncio.create_task(forever())
    waiting = asyncio.create_task(forever())
    await asyncio.sleep(0)
    for task in (waiting, working):
        task.cancel()
    await asyncio.wait({working, waiting})
    async with asyncio.timeout(60), places.place():
        pass
    places.close()


async def test_places_are_given_back_when_the_worker_has_ended(
    counters: SharedCounters, client: Client
) -> None:
    await LimitClients(counters, Limits(0, 1), InlineWorkers()).admit("a", DEFAULT_LIMITS)
    hold_photo_place()
    work: Future[None] = Future()
    work.set_running_or_notify_cancel()
    client.awaits(work)
    client.leave()
    client.end()
    assert not counters.take_photo("a", 1), "the photo is still analysed"
    work.set_result(None)
    await asyncio.sleep(0)
    assert counters.take_photo("a", 1)


@pytest.mark.parametrize("leave", [Client.leave, Client.drop])
async def test_work_that_nobody_wants(client: Client, leave: Callable[[Client], None]) -> None:
    ensure_wanted()
    leave(client)
    with pytest.raises(CancelledError):
        ensure_wanted()
    assert client.left is (leave is Client.leave)
