"""What PgVectorRepository does when the server, or the way to it, fails."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from uuid_utils.compat import uuid7

from adapters.postgres import engine as engine_module
from adapters.postgres.engine import make_engine
from adapters.postgres.migrations import migrate
from adapters.postgres.repository import PgVectorRepository
from application.ports.repository import EmbeddingRepository, FaceFilter
from domain.errors import Unavailable
from domain.faces import Embedding

PROBE = Embedding.of(np.array([1.0, 2.0, 3.0]), "model")
EVERYTHING = FaceFilter()


@pytest.fixture
async def repository(engine: AsyncEngine) -> EmbeddingRepository:
    await migrate(engine)
    return PgVectorRepository(engine, uuid7)


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Somebody else's connection."""
    engine = make_engine(database_url, 1)
    yield engine
    await engine.dispose()


async def end_connections(other: AsyncEngine) -> None:
    """As a restart of the server does."""
    async with other.begin() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


async def end_what_waits_for(connection: AsyncConnection) -> None:
    """End the connection that waits for this one's locks, as soon as there is one."""
    blocked = text(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    )
    async with asyncio.timeout(10):
        while not (await connection.execute(blocked)).all():  # noqa: ASYNC110 - the server has no event of ours
            await asyncio.sleep(0.01)


async def open_all(repository: EmbeddingRepository) -> None:
    await asyncio.gather(*(repository.ping() for _ in range(8)))


async def test_reads_survive_a_restart_of_the_server(
    repository: EmbeddingRepository, other: AsyncEngine
) -> None:
    await open_all(repository)
    await end_connections(other)
    assert await asyncio.gather(*(repository.search(PROBE, 1) for _ in range(4))) == [[]] * 4


async def test_writes_survive_a_restart_of_the_server(
    repository: EmbeddingRepository, other: AsyncEngine
) -> None:
    await open_all(repository)
    await end_connections(other)
    face = await repository.add("Ann", PROBE, "detector")
    await end_connections(other)
    assert await repository.delete(face.id)


async def test_a_read_whose_connection_dies_under_it_is_done_again(
    repository: EmbeddingRepository, other: AsyncEngine
) -> None:
    await repository.add("Ann", PROBE, "detector")
    async with other.connect() as connection:
        await connection.execute(text("LOCK TABLE face"))
        waiting = asyncio.create_task(repository.list(EVERYTHING, 10))
        await end_what_waits_for(connection)
        await connection.rollback()
    assert len(await waiting) == 1


async def test_a_write_whose_connection_dies_under_it_is_not_done_again(
    repository: EmbeddingRepository, other: AsyncEngine
) -> None:
    async with other.connect() as connection:
        await connection.execute(text("LOCK TABLE profile"))
        waiting = asyncio.create_task(repository.add("Ann", PROBE, "detector"))
        await end_what_waits_for(connection)
        await connection.rollback()
    with pytest.raises(Unavailable):
        await waiting
    assert await repository.list(EVERYTHING, 10) == []


@pytest.fixture
async def impatient(
    engine: AsyncEngine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[EmbeddingRepository]:
    """One connection, and no time to wait for it or its answers."""
    await migrate(engine)
    monkeypatch.setattr(engine_module, "_STATEMENT_TIMEOUT_S", 0.2)
    monkeypatch.setattr(engine_module, "_QUEUE_TIMEOUT_S", 0.1)
    impatient = make_engine(database_url, 1)
    yield PgVectorRepository(impatient, uuid7)
    await impatient.dispose()


async def test_a_server_that_does_not_answer_in_time(
    impatient: EmbeddingRepository, other: AsyncEngine
) -> None:
    async with other.connect() as connection:
        await connection.execute(text("LOCK TABLE face, profile"))
        for attempt in (
            impatient.search(PROBE, 1),
            impatient.add("Ann", PROBE, "d"),
            impatient.delete(uuid7()),
        ):
            with pytest.raises(Unavailable):
                await attempt
        await connection.rollback()
    assert await impatient.list(EVERYTHING, 10) == []


async def test_no_connection_left(impatient: EmbeddingRepository, other: AsyncEngine) -> None:
    async with other.connect() as connection:
        await connection.execute(text("LOCK TABLE face"))
        slow = asyncio.create_task(impatient.list(EVERYTHING, 1))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await impatient.ping()
        with pytest.raises(Unavailable):
            await slow


@pytest.mark.parametrize("host", ["/nowhere", "127.0.0.1"])
async def test_no_server(host: str) -> None:
    engine = make_engine(f"postgresql+asyncpg://nobody@/nothing?host={host}&port=1", 1)
    repository = PgVectorRepository(engine, uuid7)
    for attempt in (
        repository.ping(),
        repository.add("Ann", PROBE, "detector"),
        repository.search(PROBE, 1),
        repository.list(EVERYTHING, 1),
        repository.delete(uuid7()),
    ):
        with pytest.raises(Unavailable) as caught:
            await attempt
        assert str(caught.value) == "The database does not answer."


async def test_an_error_shows_no_name_and_no_vector(engine: AsyncEngine) -> None:
    repository = PgVectorRepository(engine, uuid7)
    with pytest.raises(Unavailable) as caught:
        await repository.add("Ann Example", PROBE, "detector")
    assert isinstance(caught.value.__cause__, DBAPIError)
    assert "Ann Example" not in str(caught.value.__cause__)
    assert "0.26" not in str(caught.value.__cause__)
