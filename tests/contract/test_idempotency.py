"""What Idempotency promises, of each adapter."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from adapters.memory.idempotency import InMemoryIdempotency
from adapters.postgres.idempotency import PostgresIdempotency
from application.ports.idempotency import LIFETIME, PATIENCE, Idempotency
from domain.errors import KeyInProgress, KeyReused

ANSWER = b'{"id": 1}\0'
Make = Callable[[timedelta, timedelta], Idempotency]


@pytest.fixture(params=["memory", "postgres"])
def make(request: pytest.FixtureRequest) -> Make:
    """An adapter with a lifetime and a patience."""
    if request.param == "memory":
        return lambda lifetime, patience: InMemoryIdempotency(lifetime=lifetime, patience=patience)
    engine = request.getfixturevalue("engine")
    return lambda lifetime, patience: PostgresIdempotency(engine, lifetime=lifetime, patience=patience)


@pytest.fixture
def idempotency(make: Make) -> Idempotency:
    return make(LIFETIME, PATIENCE)


async def test_a_new_key_is_to_be_carried_out(idempotency: Idempotency) -> None:
    assert await idempotency.begin("key", b"request") is None
    assert await idempotency.begin("another", b"request") is None


async def test_a_finished_one_has_its_answer_for_ever_more(idempotency: Idempotency) -> None:
    await idempotency.begin("key", b"request")
    await idempotency.finish("key", ANSWER)
    assert [await idempotency.begin("key", b"request") for _ in range(3)] == [ANSWER] * 3


async def test_one_in_progress_is_refused(idempotency: Idempotency) -> None:
    await idempotency.begin("key", b"request")
    with pytest.raises(KeyInProgress):
        await idempotency.begin("key", b"request")


async def test_another_request_is_refused(idempotency: Idempotency) -> None:
    await idempotency.begin("key", b"request")
    with pytest.raises(KeyReused):
        await idempotency.begin("key", b"another")
    await idempotency.finish("key", ANSWER)
    with pytest.raises(KeyReused):
        await idempotency.begin("key", b"another")


async def test_a_forgotten_one_may_begin_again(idempotency: Idempotency) -> None:
    await idempotency.begin("key", b"request")
    await idempotency.forget("key")
    assert await idempotency.begin("key", b"another") is None


async def test_what_has_not_begun_is_left_alone(idempotency: Idempotency) -> None:
    await idempotency.finish("key", ANSWER)
    await idempotency.forget("key")
    assert await idempotency.begin("key", b"request") is None


async def test_a_lost_one_may_begin_again(make: Make) -> None:
    impatient = make(LIFETIME, timedelta(0))
    assert [await impatient.begin("key", b"request") for _ in range(2)] == [None, None]
    with pytest.raises(KeyReused):
        await impatient.begin("key", b"another")
    await impatient.finish("key", ANSWER)
    assert await impatient.begin("key", b"request") == ANSWER


async def test_old_ones_are_forgotten(make: Make) -> None:
    short = make(timedelta(0), PATIENCE)
    await short.begin("key", b"request")
    await short.finish("key", ANSWER)
    assert await short.begin("key", b"another") is None


async def test_of_many_at_once_one_is_carried_out(idempotency: Idempotency) -> None:
    results = await asyncio.gather(
        *(idempotency.begin("key", b"request") for _ in range(8)), return_exceptions=True
    )
    assert results.count(None) == 1
    assert sum(isinstance(result, KeyInProgress) for result in results) == 7
