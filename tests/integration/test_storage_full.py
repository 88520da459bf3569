"""What the adapters on PostgreSQL do when the database's disk is full: as the server says, or as is seen before."""

import os
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.disk_space import RESERVE
from adapters.postgres.idempotency import PostgresIdempotency
from adapters.postgres.migrations import migrate
from application.ports.archive import PersonToRestore
from application.ports.faces import FaceFilter
from domain.errors import StorageFull
from domain.people import DEFAULT_COLLECTION as DEFAULT
from tests.contract.enrolment import SMALL, at, enrol, look, names, new
from tests.contract.storage import Storage, on_postgres

NO_ROOM = """
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file "base/1/2": {words}' USING ERRCODE = '{state}';
    END $$
"""


@pytest.fixture
async def storage(engine: AsyncEngine) -> Storage:
    await migrate(engine)
    return on_postgres(engine)


def additions(storage: Storage, engine: AsyncEngine) -> list[Callable[[], Awaitable[object]]]:
    return [
        lambda: storage.faces.add(new("Bob", at(10))),
        lambda: storage.profiles.create(DEFAULT, "Bob", {}),
        lambda: storage.collections.create("staff"),
        lambda: storage.archive.restore_people(DEFAULT, [PersonToRestore(1, "Bob", {})], keep_ids=False),
        lambda: PostgresIdempotency(engine).begin("key", b"request"),
    ]


@pytest.mark.parametrize(
    ("state", "words"),
    [("53100", "No space left on device"), ("58030", "Disk quota exceeded")],
)
async def test_a_server_without_room_refuses_additions_and_goes_on_reading(
    storage: Storage, engine: AsyncEngine, state: str, words: str
) -> None:
    await enrol(storage.faces, ("Ann", at(0)))
    tables = ("face", "profile", "collection", "idempotency", "gallery_cohort")
    async with engine.begin() as connection:
        await connection.execute(text(NO_ROOM.format(state=state, words=words)))
        for table in tables:
            await connection.execute(
                text(f"CREATE TRIGGER no_room BEFORE INSERT ON {table} EXECUTE FUNCTION no_room()")
            )
    await storage.faces.ping()
    for add in additions(storage, engine):
        with pytest.raises(StorageFull) as caught:
            await add()
        assert "extend" not in str(caught.value)
    with pytest.raises(StorageFull):
        await storage.faces.ping()
    assert names(await look(storage, at(0), 1)) == ["Ann"]
    assert await storage.cohorts.load(DEFAULT, SMALL) is None
    drawn = await storage.cohorts.draw(DEFAULT, SMALL)
    assert drawn is not None
    assert (drawn.cohort.people, len(drawn.cohort.vectors)) == (1, 1)
    async with engine.begin() as connection:
        await connection.execute(text("DROP FUNCTION no_room CASCADE"))
    for add in additions(storage, engine)[1:]:
        await add()


async def test_little_room_is_left_for_deleting(
    storage: Storage, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "FACE_TEST_DATABASE_URL" in os.environ:
        pytest.skip("only the embedded server's disk is known")
    (ann,) = await enrol(storage.faces, ("Ann", at(0)))
    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=RESERVE - 1, f_frsize=1))
        for add in additions(storage, engine):
            with pytest.raises(StorageFull):
                await add()
        with pytest.raises(StorageFull):
            await storage.faces.ping()
        assert names(await look(storage, at(0), 1)) == ["Ann"]
        assert await storage.faces.delete(DEFAULT, ann.id)
    assert await storage.faces.list(FaceFilter(), 10) == []
    await storage.faces.ping()
    for add in additions(storage, engine)[1:]:
        await add()
