"""What the adapters on PostgreSQL do when the server, or the way to it, fails."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres import engine as engine_module
from adapters.postgres import gallery as gallery_module
from adapters.postgres import people as people_module
from adapters.postgres.engine import make_engine
from adapters.postgres.migrations import migrate
from application.errors import StartupError
from application.ports.faces import FaceFilter, NewFace
from application.ports.people import ProfileFilter
from domain.errors import InvalidInput, Unavailable
from domain.faces import Embedding
from domain.people import DEFAULT_COLLECTION as DEFAULT
from domain.people import ProfileId
from tests.contract.enrolment import NO_FACE
from tests.contract.storage import Storage, on_postgres

PROBE = Embedding.of(np.array([1.0, 2.0, 3.0]), "model")
EVERYTHING = FaceFilter()


@pytest.fixture
def storage(migrated_engine: AsyncEngine) -> Storage:
    return on_postgres(migrated_engine)


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Somebody else's connection."""
    engine = make_engine(database_url, 1)
    yield engine
    await engine.dispose()


async def end_connections(other: AsyncEngine) -> None:
    """As a restart of the server does."""
    async with other.begin() as connection:
        await end_others(connection)


async def end_others(connection: AsyncConnection) -> None:
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
    async with asyncio.timeout(120):
        while not (await connection.execute(blocked)).all():  # noqa: ASYNC110 - the server has no event of ours
            await asyncio.sleep(0.01)


async def open_all(storage: Storage) -> None:
    await asyncio.gather(*(storage.faces.ping() for _ in range(8)))


async def test_reads_survive_a_restart_of_the_server(storage: Storage, other: AsyncEngine) -> None:
    await open_all(storage)
    await end_connections(other)
    found = await asyncio.gather(*(storage.gallery.search(PROBE, DEFAULT, 1) for _ in range(4)))
    assert [result.searched for result in found] == [0] * 4


async def test_writes_survive_a_restart_of_the_server(storage: Storage, other: AsyncEngine) -> None:
    await open_all(storage)
    await end_connections(other)
    face = (await storage.faces.add(NewFace(DEFAULT, "Ann", PROBE, "d"))).face
    await end_connections(other)
    assert await storage.faces.delete(DEFAULT, face.id)


@pytest.mark.parametrize("searching", [False, True])
async def test_a_read_whose_connection_dies_under_it_is_done_again(
    storage: Storage, other: AsyncEngine, *, searching: bool
) -> None:
    await storage.faces.add(NewFace(DEFAULT, "Ann", PROBE, "d"))
    reading = storage.gallery.search(PROBE, DEFAULT, 1) if searching else storage.faces.list(EVERYTHING, 10)
    async with other.connect() as connection:
        await connection.execute(text("LOCK TABLE face"))
        waiting: asyncio.Task[object] = asyncio.create_task(reading)
        await end_what_waits_for(connection)
        await connection.rollback()
    assert "Ann" in str(await waiting)


async def test_a_write_whose_connection_dies_under_it_is_not_done_again(
    storage: Storage, other: AsyncEngine
) -> None:
    async with other.connect() as connection:
        await connection.execute(text("LOCK TABLE profile"))
        waiting = asyncio.create_task(storage.faces.add(NewFace(DEFAULT, "Ann", PROBE, "d")))
        await end_what_waits_for(connection)
        await connection.rollback()
    with pytest.raises(Unavailable):
        await waiting
    assert await storage.faces.list(EVERYTHING, 10) == []


@pytest.fixture
async def impatient(
    migrated_engine: AsyncEngine,  # noqa: ARG001 - empties the tables
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Storage]:
    """One connection, and no time to wait for it or its answers."""
    monkeypatch.setattr(engine_module, "_STATEMENT_TIMEOUT_S", 0.2)
    monkeypatch.setattr(engine_module, "_QUEUE_TIMEOUT_S", 0.1)
    impatient = make_engine(database_url, 1)
    yield on_postgres(impatient)
    await impatient.dispose()


async def test_a_server_that_does_not_answer_in_time(impatient: Storage, other: AsyncEngine) -> None:
    async with other.connect() as connection:
        await connection.execute(text("LOCK TABLE face, profile"))
        for attempt in (
            impatient.gallery.search(PROBE, DEFAULT, 1),
            impatient.faces.add(NewFace(DEFAULT, "Ann", PROBE, "d")),
            impatient.faces.delete(DEFAULT, NO_FACE),
        ):
            with pytest.raises(Unavailable):
                await attempt
        await connection.rollback()
    assert await on_postgres(other).faces.list(EVERYTHING, 10) == []


async def test_no_connection_left(impatient: Storage, other: AsyncEngine) -> None:
    async with other.connect() as connection:
        await connection.execute(text("LOCK TABLE face"))
        slow = asyncio.create_task(impatient.faces.list(EVERYTHING, 1))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await impatient.faces.ping()
        with pytest.raises(Unavailable):
            await slow


@pytest.mark.parametrize("host", ["/nowhere", "127.0.0.1"])
async def test_no_server(host: str) -> None:
    engine = make_engine(f"postgresql+asyncpg://nobody@/nothing?host={host}&port=1", 1)
    storage = on_postgres(engine)
    for attempt in (
        storage.faces.ping(),
        storage.faces.add(NewFace(DEFAULT, "Ann", PROBE, "d")),
        storage.gallery.search(PROBE, DEFAULT, 1),
        storage.faces.list(EVERYTHING, 1),
        storage.faces.delete(DEFAULT, NO_FACE),
    ):
        with pytest.raises(Unavailable) as caught:
            await attempt
        assert str(caught.value) == "The database does not answer."


async def test_an_error_shows_no_name_and_no_vector(engine: AsyncEngine) -> None:
    storage = on_postgres(engine)  # without tables
    with pytest.raises(Unavailable) as caught:
        await storage.faces.add(NewFace(DEFAULT, "Ann Example", PROBE, "d"))
    assert isinstance(caught.value.__cause__, DBAPIError)
    assert "Ann Example" not in str(caught.value.__cause__)
    assert "0.26" not in str(caught.value.__cause__)


@pytest.mark.parametrize("text", ["nul\0", "\ud800"])
async def test_a_text_that_cannot_be_stored_is_the_clients_mistake(storage: Storage, text: str) -> None:
    for attempt in (
        storage.faces.add(NewFace(text, "Ann", PROBE, "d")),
        storage.gallery.search(PROBE, text, 1),
        storage.profiles.create(DEFAULT, text, {}),
        storage.profiles.create(DEFAULT, "Ann", {"a": text}),
        storage.collections.list(1, text),
    ):
        with pytest.raises(InvalidInput, match="can't be stored"):
            await attempt


KINDS_OF_REFUSED_CONNECTIONS = (
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.TooManyConnectionsError("sorry, too many clients already"),
    asyncpg.InvalidPasswordError("password authentication failed"),
    asyncpg.InterfaceError("the connection is closed"),
    asyncpg.InternalClientError("got result for unknown protocol state"),
    ConnectionResetError(),
    EOFError(),
    TimeoutError(),
)


@pytest.mark.parametrize("error", KINDS_OF_REFUSED_CONNECTIONS, ids=lambda error: type(error).__name__)
async def test_a_server_that_refuses_connections_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(asyncpg, "connect", refuse)
    engine = make_engine("postgresql+asyncpg://nobody@127.0.0.1/nothing", 1)
    storage = on_postgres(engine)
    for attempt in (
        storage.faces.ping(),
        storage.faces.add(NewFace(DEFAULT, "Ann", PROBE, "d")),
        storage.gallery.search(PROBE, DEFAULT, 1),
        storage.gallery.search(PROBE, DEFAULT, 1, {"a": 1}),
        storage.faces.list(EVERYTHING, 1),
        storage.faces.delete(DEFAULT, NO_FACE),
        storage.profiles.list(ProfileFilter(metadata={"a": 1}), 1),
        storage.profiles.merge(DEFAULT, ProfileId(1), ProfileId(2)),
        storage.collections.delete("staff"),
    ):
        with pytest.raises(Unavailable) as caught:
            await attempt
        assert str(caught.value) == "The database does not answer."
    with pytest.raises(StartupError):
        await migrate(engine)


async def test_the_server_itself_ends_a_filter_by_metadata_that_takes_long(
    storage: Storage, other: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (gallery_module, people_module):
        monkeypatch.setattr(module, "FILTER_LIMIT_MS", 200)
    await storage.profiles.create(DEFAULT, "Ann", {"a": 1})
    async with other.connect() as connection:
        await connection.execute(text("LOCK TABLE profile"))
        for attempt in (
            storage.gallery.search(PROBE, DEFAULT, 1, {"a": 1}),
            storage.profiles.list(ProfileFilter(metadata={"a": 1}), 1),
        ):
            async with asyncio.timeout(120):
                with pytest.raises(Unavailable) as caught:
                    await attempt
            assert "QueryCanceled" in "".join(map(repr, _causes(caught.value)))
        await connection.rollback()
    assert len(await storage.profiles.list(ProfileFilter(metadata={"a": 1}), 1)) == 1
    async with other.connect() as connection:
        # The limit is not that of others which use the connection afterwards.
        await connection.execute(text("LOCK TABLE profile"))
        waiting = asyncio.create_task(storage.profiles.list(ProfileFilter(), 1))
        await asyncio.sleep(0.5)
        await connection.rollback()
    assert len(await waiting) == 1


@pytest.mark.parametrize(
    ("lose", "regain"),
    [
        (
            "ALTER ROLE CURRENT_USER SET default_transaction_read_only = on",
            "ALTER ROLE CURRENT_USER RESET default_transaction_read_only",
        ),
        ("REVOKE INSERT ON face FROM CURRENT_USER", "GRANT INSERT ON face TO CURRENT_USER"),
    ],
    ids=["standby", "role"],
)
async def test_a_database_that_nobody_may_write_to_is_not_ready_and_says_why(
    storage: Storage, other: AsyncEngine, lose: str, regain: str
) -> None:
    async with other.connect() as connection:  # before what may be written changes
        await connection.execute(text(lose))
        await connection.commit()
        try:
            await end_others(connection)
            for attempt in (
                storage.faces.ping(),
                storage.faces.add(NewFace(DEFAULT, "Ann", PROBE, "detector")),
            ):
                with pytest.raises(Unavailable, match="read-only for this service"):
                    await attempt
        finally:
            await connection.execute(text(regain))
            await connection.commit()
            await end_others(connection)
    await storage.faces.ping()


def _causes(error: BaseException | None) -> list[BaseException]:
    return [] if error is None else [error, *_causes(error.__cause__)]
