"""The schema's history: from nothing to the newest, by one process or by many."""

import asyncio
from collections.abc import Callable

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import make_engine
from adapters.postgres.migrations import migrate, newest_revision, revisions, upgrade
from adapters.postgres.migrations.upgrade import config
from adapters.postgres.people import PostgresCollections, PostgresProfiles
from adapters.postgres.repository import PgVectorRepository
from adapters.postgres.tables import metadata
from application.errors import StartupError
from application.ports.faces import FaceFilter
from application.ports.people import ProfileFilter

ANN = "INSERT INTO profile (collection, name) VALUES ('default', 'Ann')"
FACE = (
    "INSERT INTO face (profile_id, collection, recognition_model, detection_model, embedding)"
    " SELECT id, collection, 'm', 'd', array_fill(1::real, ARRAY[1024])::vector FROM profile"
)


def tables(connection: Connection) -> set[str]:
    found = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
    return set(found) - {"alembic_version"}


def differences(connection: Connection) -> list[object]:
    """Between what the migrations made and what the code says."""
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(compare_metadata(context, metadata))


async def differences_in(engine: AsyncEngine) -> list[object]:
    async with engine.connect() as connection:
        return await connection.run_sync(differences)


async def test_an_empty_database_gets_the_schema_of_the_code(engine: AsyncEngine) -> None:
    await migrate(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(tables) == set(metadata.tables)
    assert await differences_in(engine) == []


async def test_a_difference_would_be_seen(engine: AsyncEngine) -> None:
    await migrate(engine)
    async with engine.begin() as connection:
        await connection.execute(text("DROP INDEX face_profile_id_id_idx"))
    assert await differences_in(engine) != []


async def test_twice_keeps_what_is_there(engine: AsyncEngine) -> None:
    await migrate(engine)
    async with engine.begin() as connection:
        await connection.execute(text(ANN))
    await migrate(engine)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT name FROM profile")) == "Ann"


async def test_the_newest_revision_is_the_one_that_alembic_takes(engine: AsyncEngine) -> None:
    await migrate(engine)
    async with engine.connect() as connection:
        scripts = await connection.run_sync(lambda found: ScriptDirectory.from_config(config(found)))
        assert await connection.run_sync(revisions) == {newest_revision()} == set(scripts.get_heads())


async def test_many_at_once(engine: AsyncEngine) -> None:
    await asyncio.gather(*(migrate(engine) for _ in range(6)))
    assert await differences_in(engine) == []


async def test_a_newer_schema_is_refused(engine: AsyncEngine) -> None:
    await migrate(engine)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StartupError, match=r"9999.*newer"):
        await migrate(engine)


async def test_a_failed_migration_leaves_nothing(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE face (id int)"))
    with pytest.raises(StartupError):
        await migrate(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(tables) == {"face"}


def to(revision: str) -> Callable[[Connection], None]:
    """Make the schema of a revision in an empty database."""
    return lambda connection: command.upgrade(config(connection), revision)


@pytest.fixture
async def first_schema(engine: AsyncEngine) -> AsyncEngine:
    """Of revision 0001, with a person who has two faces."""
    async with engine.begin() as connection:
        await connection.run_sync(to("0001"))
        await connection.execute(text("INSERT INTO profile (id, name) VALUES (gen_random_uuid(), 'Ann')"))
        old = (
            FACE.replace(" collection,", "")
            .replace("(profile_id", "(id, profile_id")
            .replace("SELECT", "SELECT gen_random_uuid(),")
        )
        await connection.execute(text(old))
        await connection.execute(text(old))
    return engine


async def test_people_and_faces_come_along_into_the_default_collection(first_schema: AsyncEngine) -> None:
    await migrate(first_schema)
    profiles = PostgresProfiles(first_schema)
    (ann,) = await profiles.list(ProfileFilter(), 10)
    assert (ann.collection, ann.name, ann.metadata, ann.faces) == ("default", "Ann", {}, 2)
    faces = await PgVectorRepository(first_schema).list(FaceFilter("default"), 10)
    assert [(face.profile_id, face.name) for face in faces] == [(ann.id, "Ann")] * 2
    assert await differences_in(first_schema) == []


async def test_a_face_is_in_the_collection_of_its_profile(engine: AsyncEngine) -> None:
    await migrate(engine)
    await PostgresCollections(engine).create("staff")
    elsewhere = FACE.replace(" id, collection,", " id, 'staff',")
    async with engine.begin() as connection:
        await connection.execute(text(ANN))
        with pytest.raises(IntegrityError):
            await connection.execute(text(elsewhere))


async def test_embeddings_stay_in_their_rows(engine: AsyncEngine) -> None:
    await migrate(engine)
    async with engine.begin() as connection:
        await connection.execute(text(ANN))
        await connection.execute(text(FACE))
        toasted = "SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = 'face'::regclass"
        assert await connection.scalar(text(toasted)) == 0


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE EXTENSION nothing_that_is_installed", "does not have pgvector"),
        ("DO $$ BEGIN RAISE insufficient_privilege; END $$", "CREATE EXTENSION vector"),
        ("DO $$ BEGIN RAISE lock_not_available; END $$", "Another process"),
        ("DO $$ BEGIN RAISE disk_full; END $$", "53100"),
    ],
)
async def test_what_the_server_refuses_is_told_in_one_line(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, statement: str, message: str
) -> None:
    def refused(connection: Connection) -> None:
        connection.execute(text(statement))

    monkeypatch.setattr(upgrade, "upgrade", refused)
    with pytest.raises(StartupError, match=message) as caught:
        await migrate(engine)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["/nowhere", "127.0.0.1"])
async def test_no_server(host: str) -> None:
    engine = make_engine(f"postgresql+asyncpg://nobody@/nothing?host={host}&port=1", 1)
    with pytest.raises(StartupError, match="does not answer") as caught:
        await migrate(engine)
    assert "\n" not in str(caught.value)


async def test_no_such_database(database_url: str) -> None:
    # An authentication by database refuses it before it is looked for.
    missing = make_url(database_url).set(database="no_such_database")
    engine = make_engine(missing.render_as_string(hide_password=False), 1)
    with pytest.raises(StartupError, match=r"does not exist|refuses"):
        await migrate(engine)
