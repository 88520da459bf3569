"""The bytes that all uploads together may take."""

import asyncio
import threading
from typing import Any

import httpx
import pytest

from domain.errors import Busy
from entrypoints.http.middleware.uploads import UploadBudget
from tests.virtual_time import in_virtual_time
from tests.waiting import PATIENCE_S


class Client:
    """Sends a body piece by piece."""

    def __init__(self, budget: UploadBudget) -> None:
        self.budget = budget
        self.pieces: asyncio.Queue[tuple[bytes, bool]] = asyncio.Queue()
        self.answered = asyncio.Event()
        self.task = asyncio.create_task(self.upload())

    async def receive(self) -> Any:
        body, more = await self.pieces.get()
        return {"type": "http.request", "body": body, "more_body": more}

    async def upload(self) -> int:
        """The status of the answer."""
        with self.budget.counted(self.receive) as receive:
            try:
                while (await receive())["more_body"]:  # type: ignore[typeddict-item]
                    pass
            except Busy:
                return httpx.codes.SERVICE_UNAVAILABLE
            await self.answered.wait()
            return httpx.codes.OK

    async def send(self, size: int, *, more: bool = True) -> None:
        self.pieces.put_nowait((bytes(size), more))
        for _ in range(5):
            await asyncio.sleep(0)

    async def status(self) -> int:
        self.answered.set()
        async with asyncio.timeout(PATIENCE_S):
            return await self.task


@pytest.fixture
def given_back() -> threading.Event:
    return threading.Event()


class Turns:
    """Lets all that is received wait until it is their turn."""

    def __init__(self) -> None:
        self.turn = asyncio.Event()
        self.turn.set()
        self.received: list[tuple[int, bool]] = []

    async def count_received(self, size: int, *, last: bool) -> None:
        self.received.append((size, last))
        await self.turn.wait()


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def budget(turns: Turns, given_back: threading.Event) -> UploadBudget:
    return UploadBudget(100, turns.count_received, given_back.set)


async def test_the_upload_that_began_first_makes_room(budget: UploadBudget) -> None:
    held, good = Client(budget), Client(budget)
    await held.send(90)
    await good.send(20, more=False)
    assert await held.status() == httpx.codes.SERVICE_UNAVAILABLE
    assert await good.status() == httpx.codes.OK


async def test_uploads_that_are_complete_are_answered(budget: UploadBudget) -> None:
    complete, late = Client(budget), Client(budget)
    await complete.send(90, more=False)
    await late.send(20)
    assert await late.status() == httpx.codes.SERVICE_UNAVAILABLE
    assert await complete.status() == httpx.codes.OK


async def test_an_answer_gives_back_what_its_request_took(budget: UploadBudget) -> None:
    for _ in range(5):
        client = Client(budget)
        await client.send(50)
        await client.send(50, more=False)
        assert await client.status() == httpx.codes.OK


async def test_one_refusal_is_enough_where_it_makes_room(budget: UploadBudget) -> None:
    clients = [Client(budget) for _ in range(4)]
    for client in clients:
        await client.send(30)
    for client in clients[1:]:
        await client.send(1, more=False)
    assert [await client.status() for client in clients] == [503, 200, 200, 200]


@pytest.mark.parametrize(("size", "large"), [(60, True), (40, False)])
@in_virtual_time
async def test_memory_is_given_back_after_a_peak(
    budget: UploadBudget,
    given_back: threading.Event,
    size: int,
    large: bool,  # noqa: FBT001
) -> None:
    client = Client(budget)
    await client.send(size, more=False)
    await asyncio.sleep(1.2)
    assert not given_back.is_set()
    await client.status()
    await asyncio.sleep(1.2)
    await asyncio.get_running_loop().shutdown_default_executor()  # what it has begun is done
    assert given_back.is_set() is large


async def test_another_cancellation_is_not_swallowed(budget: UploadBudget) -> None:
    client = Client(budget)
    await client.send(10)
    client.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await client.task
    other = Client(budget)
    await other.send(100, more=False)
    assert await other.status() == httpx.codes.OK


async def test_all_bytes_wait_for_their_turn(budget: UploadBudget, turns: Turns) -> None:
    client = Client(budget)
    turns.turn.clear()
    await client.send(10)
    await client.send(20, more=False)
    assert turns.received == [(10, False)]
    turns.turn.set()
    assert await client.status() == httpx.codes.OK
    assert turns.received == [(10, False), (20, True)]


async def test_an_upload_that_waits_for_its_turn_makes_room_at_once(
    budget: UploadBudget, turns: Turns
) -> None:
    waiting, good = Client(budget), Client(budget)
    turns.turn.clear()
    await waiting.send(90)
    await good.send(20, more=False)
    assert await waiting.status() == httpx.codes.SERVICE_UNAVAILABLE
    turns.turn.set()
    assert await good.status() == httpx.codes.OK


async def test_an_upload_that_is_refused_between_two_pieces_does_not_wait_for_the_next(
    budget: UploadBudget,
) -> None:
    pieces: asyncio.Queue[int] = asyncio.Queue()

    async def receive() -> Any:
        return {"type": "http.request", "body": bytes(await pieces.get()), "more_body": True}

    with budget.counted(receive) as counted:
        pieces.put_nowait(90)
        await counted()
        good = Client(budget)
        await good.send(20, more=False)
        with pytest.raises(Busy):
            await asyncio.wait_for(counted(), PATIENCE_S)
    assert await good.status() == httpx.codes.OK
