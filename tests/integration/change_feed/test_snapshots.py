"""Which snapshots a feed accepts, and what it keeps for them."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.change_feed import PostgresChangeFeed
from adapters.postgres.engine import make_engine
from adapters.postgres.migrations import migrate
from adapters.postgres.statements.change_feed import NOW
from application.ports.change_feed import NO_SNAPSHOT, GalleryKey, SnapshotToken, UnknownSnapshot
from tests.contract.database import empty
from tests.contract.enrolment import SMALL, at, enrol, new, random_embedding
from tests.contract.storage import Storage
from tests.integration.change_feed.reading import FACES, GALLERY, PERSON, changes, execute, ids, paged


class TestValidity:
    async def test_a_snapshot_of_another_server(self, feed: PostgresChangeFeed, storage: Storage) -> None:
        here = await feed.snapshot()
        server, rest = here.split("/", 1)
        await self.unknown(feed, f"{int(server) + 1}/{rest}")

    async def test_sessions_agree_on_the_server_whatever_they_remember(
        self, feed: PostgresChangeFeed, database_url: str
    ) -> None:
        servers = {(await feed.snapshot()).rsplit(" ", 2)[0] for _ in range(2)}
        engine = make_engine(database_url, 1)
        async with engine.connect() as connection:
            for forget in ("SELECT 1", "RESET ALL", "SET face.database = ''", "SET TRANSACTION READ ONLY"):
                await connection.execute(text(forget))
                servers.add((await connection.execute(NOW)).one().server)
            await connection.rollback()
            servers.add((await connection.execute(NOW)).one().server)
        await engine.dispose()
        assert len(servers) == 1

    async def test_a_snapshot_from_before_the_table_was_restored_from_a_dump(
        self, feed: PostgresChangeFeed, engine: AsyncEngine
    ) -> None:
        snapshot = await feed.snapshot()
        await empty(engine)
        await migrate(engine)
        await self.unknown(feed, snapshot)

    async def test_a_snapshot_that_is_too_old(self, feed: PostgresChangeFeed) -> None:
        server, seconds, snapshot = (await feed.snapshot()).rsplit(" ", 2)
        assert not len(await changes(feed, f"{server} {float(seconds) - 5 * 86400} {snapshot}"))
        await self.unknown(feed, f"{server} {float(seconds) - 7 * 86400} {snapshot}")

    async def test_a_snapshot_of_a_future_that_was_undone(self, feed: PostgresChangeFeed) -> None:
        server, seconds, snapshot = (await feed.snapshot()).rsplit(" ", 2)
        xmin = int(snapshot.split(":")[0])
        await self.unknown(feed, f"{server} {seconds} {xmin + 1000}:{xmin + 1000}:")

    async def unknown(self, feed: PostgresChangeFeed, snapshot: SnapshotToken) -> None:
        with pytest.raises(UnknownSnapshot):
            await changes(feed, snapshot)
        with pytest.raises(UnknownSnapshot):
            await paged(feed, snapshot)

    async def test_revisions_of_another_server_do_no_harm(
        self, feed: PostgresChangeFeed, storage: Storage, other: AsyncEngine, engine: AsyncEngine
    ) -> None:
        snapshot = await feed.snapshot()
        async with other.begin() as connection:
            await execute(
                connection,
                "ALTER TABLE face DISABLE TRIGGER face_revised",
                PERSON,
                FACES.replace("embedding)", "embedding, revision)").replace(
                    "'[1,0,0]'", "'[1,0,0]', '123456789'"
                ),
                "ALTER TABLE face ENABLE TRIGGER face_revised",
                name="Ann",
            )
        assert not len(await changes(feed, snapshot))
        (page,) = await paged(feed, NO_SNAPSHOT)
        assert page.faces.face_ids.tolist() == await ids(engine)


async def test_galleries(feed: PostgresChangeFeed, storage: Storage) -> None:
    await storage.collections.create("staff")
    await enrol(storage.faces, ("Ann", at(0)), ("Ann", at(1)), ("Bob", random_embedding(1)))
    await storage.faces.add(new("Ann", at(0), "staff"))
    assert await feed.galleries() == {
        GALLERY: 2,
        GalleryKey("default", "large", 512): 1,
        GalleryKey("staff", SMALL, 3): 1,
    }


async def test_old_removals_are_pruned(
    feed: PostgresChangeFeed, storage: Storage, other: AsyncEngine
) -> None:
    snapshot = await feed.snapshot()
    for face in await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(1))):
        await storage.faces.delete("default", face.id)
    async with other.begin() as connection:
        await execute(
            connection,
            "UPDATE removed_face SET removed_at = now() - interval '8 days'"
            " WHERE face_id = (SELECT min(face_id) FROM removed_face)",
        )
    assert len(await changes(feed, snapshot)) == 2
    await feed.prune()
    assert len(await changes(feed, snapshot)) == 1


@pytest.mark.usefixtures("storage")
async def test_truncate_which_no_trigger_sees_is_refused(other: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="use DELETE"):
        async with other.begin() as connection:
            await execute(connection, "TRUNCATE face CASCADE")


async def test_a_statement_can_not_choose_the_revision(
    storage: Storage, feed: PostgresChangeFeed, other: AsyncEngine
) -> None:
    snapshot = await feed.snapshot()
    await enrol(storage.faces, ("Ann", at(0)))
    async with other.begin() as connection:
        await execute(connection, "UPDATE face SET revision = '3'")
    assert len(await changes(feed, snapshot)) == 1
