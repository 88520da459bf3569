"""What the database says of a gallery's changes, whoever makes them and however long that takes."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.change_feed import PostgresChangeFeed
from adapters.postgres.compiled_statement import CompiledStatement, DriverRow
from adapters.postgres.engine import make_engine
from adapters.postgres.migrations import migrate
from adapters.postgres.statements.change_feed import NOW
from application.ports.change_feed import NO_SNAPSHOT, Changes, GalleryKey, SnapshotToken, UnknownSnapshot
from domain.errors import CollectionNotFound
from tests.contract.database import empty
from tests.contract.enrolment import SMALL, at, enrol, new, random_embedding
from tests.contract.storage import Storage, on_postgres

GALLERY = GalleryKey("default", SMALL, 3)
FACES = (
    "INSERT INTO face (profile_id, collection, recognition_model, detection_model, embedding)"
    " SELECT id, collection, 'small', 'd', '[1,0,0]' FROM profile WHERE name = :name"
)
PERSON = "INSERT INTO profile (collection, name) VALUES ('default', :name)"


@pytest.fixture
async def storage(engine: AsyncEngine) -> Storage:
    await migrate(engine)
    return on_postgres(engine)


@pytest.fixture
def feed(engine: AsyncEngine, storage: Storage) -> PostgresChangeFeed:  # noqa: ARG001 - migrates
    return PostgresChangeFeed(engine)


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Somebody else's connections."""
    engine = make_engine(database_url, 2)
    yield engine
    await engine.dispose()


async def ids(engine: AsyncEngine) -> list[int]:
    """Of all faces, by their names."""
    async with engine.connect() as connection:
        rows = "SELECT face.id FROM face JOIN profile ON profile.id = profile_id ORDER BY name, face.id"
        return list(await connection.scalars(text(rows)))


async def changes(feed: PostgresChangeFeed, since: SnapshotToken) -> Changes:
    found = (await feed.read(GALLERY, since, np.array([], dtype=np.int64))).changes
    assert found is not None
    return found


def ids_in(changes: Changes) -> tuple[set[int], set[int]]:
    return set(changes.faces.face_ids.tolist()), set(changes.removed.tolist())


async def paged(feed: PostgresChangeFeed, since: SnapshotToken) -> list[Changes]:
    return [page async for page in feed.pages(GALLERY, since)]


async def execute(connection: AsyncConnection, *statements: str, **values: object) -> None:
    for statement in statements:
        await connection.execute(text(statement), values)


class TestRead:
    @pytest.mark.parametrize(("most", "told_of"), [(1000, 300), (299, 0)])
    async def test_what_is_read_grows_with_the_changes_and_no_faster(
        self,
        engine: AsyncEngine,
        feed: PostgresChangeFeed,
        monkeypatch: pytest.MonkeyPatch,
        most: int,
        told_of: int,
    ) -> None:
        snapshot = await feed.snapshot()
        async with engine.begin() as connection:
            for person in range(300):
                await execute(connection, PERSON, FACES, name=f"person {person}")
        read: list[DriverRow] = []

        async def fetch(self: CompiledStatement, *arguments: Any) -> Sequence[DriverRow]:
            read.extend(await rows(self, *arguments))
            return read

        rows = CompiledStatement.rows
        monkeypatch.setattr(CompiledStatement, "rows", fetch)
        some = PostgresChangeFeed(engine, most)
        found = await some.read(GALLERY, snapshot, np.array([], dtype=np.int64))
        assert (0 if found.changes is None else len(found.changes.faces.face_ids)) == told_of
        assert len(found.candidates) == told_of
        numbers = sum(
            len(value) if isinstance(value, list | bytes | str) else 1
            for row in read
            for value in row.values()
        )
        assert numbers < 100 * (told_of + 2)

    async def test_nothing_has_changed(self, feed: PostgresChangeFeed, storage: Storage) -> None:
        await enrol(storage.faces, ("Ann", at(0)))
        assert (await feed.read(GALLERY, await feed.snapshot(), np.array([1]))).unchanged

    async def test_what_came_and_went(
        self, feed: PostgresChangeFeed, storage: Storage, engine: AsyncEngine
    ) -> None:
        ann, _ = await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(1)))
        first, second = await ids(engine)
        snapshot = await feed.snapshot()

        await storage.faces.delete("default", ann.id)
        await enrol(storage.faces, ("Cem", at(2)), ("Dan", at(3)))

        gone = await changes(feed, snapshot)
        third, fourth = (await ids(engine))[1:]
        assert ids_in(gone) == ({third, fourth}, {first})
        np.testing.assert_allclose(
            gone.faces.vectors[np.argsort(gone.faces.face_ids)], [at(2).vector, at(3).vector], atol=1e-7
        )
        assert ids_in(await changes(feed, gone.until)) == (set(), set())
        assert second not in gone.faces.face_ids

    async def test_a_face_that_changes_hands(
        self, feed: PostgresChangeFeed, storage: Storage, engine: AsyncEngine
    ) -> None:
        ann, bob = await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(1)))
        snapshot = await feed.snapshot()

        await storage.faces.move("default", ann.id, bob.profile_id)

        found = await feed.read(GALLERY, snapshot, np.array([], dtype=np.int64))
        assert found.changes is not None
        (person,) = found.changes.faces.person_ids.tolist()
        assert [candidate.name for candidate in found.candidates.values()] == ["Bob"]
        assert [*found.candidates] == [person]

    async def test_people_are_read_with_all_their_faces(
        self, feed: PostgresChangeFeed, storage: Storage
    ) -> None:
        faces = await enrol(
            storage.faces, ("Ann", at(0)), ("Bob", at(1)), ("Ann", at(2)), ("Ann", random_embedding(1))
        )
        (page,) = await paged(feed, NO_SNAPSHOT)
        person = int(page.faces.person_ids[0])

        found = await feed.read(GALLERY, await feed.snapshot(), np.array([person, 10**9]))

        assert {key: each.faces for key, each in found.candidates.items()} == {person: (faces[0], faces[2])}

    async def test_other_galleries_changes_are_not_told(
        self, feed: PostgresChangeFeed, storage: Storage
    ) -> None:
        await storage.collections.create("staff")
        snapshot = await feed.snapshot()
        (face, *_) = await enrol(storage.faces, ("Ann", at(0)), ("Ann", at(1)), collection="staff")
        await enrol(storage.faces, ("Ann", random_embedding(0)))
        await storage.faces.delete("staff", face.id)
        assert not len(await changes(feed, snapshot))

    async def test_what_is_in_flight_is_told_when_it_is_there_and_no_more_than_once(
        self, feed: PostgresChangeFeed, storage: Storage, other: AsyncEngine, engine: AsyncEngine
    ) -> None:
        (old,) = await enrol(storage.faces, ("Ann", at(0)))
        (gone,) = await ids(engine)
        async with other.connect() as slow:
            await execute(slow, PERSON, FACES, name="Slow")
            await execute(slow, "DELETE FROM face WHERE id = :id", id=old.id)
            before = await feed.snapshot()
            await enrol(storage.faces, ("Bob", at(1)))
            then = await changes(feed, before)
            assert (len(then.faces), len(then.removed)) == (1, 0)
            assert not len(await changes(feed, then.until))
            await slow.commit()
        late = await changes(feed, then.until)
        assert ids_in(late) == ({(await ids(engine))[1]}, {gone})
        assert not len(await changes(feed, late.until))

    async def test_what_is_taken_back_is_never_told(
        self, feed: PostgresChangeFeed, storage: Storage, other: AsyncEngine
    ) -> None:
        snapshot = await feed.snapshot()
        async with other.connect() as connection:
            await execute(connection, PERSON, FACES, name="Ann")
            await connection.rollback()
        assert not len(await changes(feed, snapshot))

    async def test_what_comes_and_goes_and_comes_within_one_transaction_is_there(
        self, feed: PostgresChangeFeed, storage: Storage, other: AsyncEngine, engine: AsyncEngine
    ) -> None:
        await storage.collections.create("staff")
        await enrol(storage.faces, ("Ann", at(0)))
        snapshot = await feed.snapshot()
        async with other.begin() as connection:
            for name in ("staff", "default"):
                await execute(
                    connection, "ALTER TABLE face DROP CONSTRAINT IF EXISTS face_collection_profile_id_fkey"
                )
                await execute(connection, "UPDATE face SET collection = :name", name=name)
        assert ids_in(await changes(feed, snapshot)) == (set(await ids(engine)), set())

    async def test_a_face_that_leaves_for_another_collection_is_gone(
        self, feed: PostgresChangeFeed, storage: Storage, other: AsyncEngine, engine: AsyncEngine
    ) -> None:
        await storage.collections.create("staff")
        await enrol(storage.faces, ("Ann", at(0)))
        snapshot = await feed.snapshot()
        async with other.begin() as connection:
            await execute(
                connection,
                "ALTER TABLE face DROP CONSTRAINT face_collection_profile_id_fkey",
                "UPDATE face SET collection = 'staff'",
            )
        assert ids_in(await changes(feed, snapshot)) == (set(), set(await ids(engine)))

    async def test_too_many(self, engine: AsyncEngine, storage: Storage) -> None:
        feed = PostgresChangeFeed(engine, max_changes=3)
        snapshot = await feed.snapshot()
        faces = await enrol(storage.faces, *((f"{i}", at(i)) for i in range(4)))
        assert (await feed.read(GALLERY, snapshot, np.array([1]))).changes is None
        snapshot = await feed.snapshot()
        for face in faces:
            await storage.faces.delete("default", face.id)
        assert (await feed.read(GALLERY, snapshot, np.array([1]))).changes is None

    async def test_no_collection(self, feed: PostgresChangeFeed) -> None:
        with pytest.raises(CollectionNotFound):
            await feed.read(GalleryKey("staff", SMALL, 3), await feed.snapshot(), np.array([1]))

    async def test_a_vector_of_another_length_is_not_in_the_gallery(
        self, feed: PostgresChangeFeed, storage: Storage, other: AsyncEngine, engine: AsyncEngine
    ) -> None:
        await enrol(storage.faces, ("Ann", at(0)))
        snapshot = await feed.snapshot()
        async with other.begin() as connection:
            await execute(connection, "UPDATE face SET embedding = '[1,0]'")
        found = await feed.read(GALLERY, snapshot, np.array([], dtype=np.int64))
        assert found.changes is not None
        assert ids_in(found.changes) == (set(), set(await ids(engine)))
        assert found.candidates == {}
        assert await paged(feed, NO_SNAPSHOT) == []


class TestPages:
    @pytest.mark.parametrize("rows", [1, 2, 100])
    async def test_all_faces(
        self, feed: PostgresChangeFeed, storage: Storage, monkeypatch: pytest.MonkeyPatch, rows: int
    ) -> None:
        await enrol(storage.faces, *((f"{i % 3}", at(i)) for i in range(5)))
        async with feed._database.transaction() as connection:
            await execute(
                connection, *[PERSON.replace(":name", "'together'"), FACES, FACES, FACES], name="together"
            )
        monkeypatch.setattr("adapters.postgres.change_feed._PAGE_BYTES", 12 * rows)

        pages = await paged(feed, NO_SNAPSHOT)

        keys = np.concatenate([page.faces.face_ids for page in pages])
        assert len(keys) == len(set(keys.tolist())) == 8
        assert {page.until for page in pages} == {NO_SNAPSHOT}
        vectors = np.concatenate([page.faces.vectors for page in pages])
        np.testing.assert_allclose(vectors[:5], [at(i).vector for i in range(5)], atol=1e-7)
        assert len(set(np.concatenate([page.faces.person_ids for page in pages]).tolist())) == 4

    async def test_what_has_changed(
        self, feed: PostgresChangeFeed, storage: Storage, engine: AsyncEngine
    ) -> None:
        (old, _) = await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(1)))
        (gone, _) = await ids(engine)
        snapshot = await feed.snapshot()
        await enrol(storage.faces, ("Cem", at(2)))
        await storage.faces.delete("default", old.id)

        removals, additions = await paged(feed, snapshot)

        assert ids_in(removals) == (set(), {gone})
        assert ids_in(additions) == ({(await ids(engine))[-1]}, set())
        assert (additions.since, additions.until) == (snapshot, snapshot)


class TestMoments:
    async def test_another_servers(self, feed: PostgresChangeFeed, storage: Storage) -> None:
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

    async def test_of_a_table_that_was_restored_from_a_dump(
        self, feed: PostgresChangeFeed, engine: AsyncEngine
    ) -> None:
        snapshot = await feed.snapshot()
        await empty(engine)
        await migrate(engine)
        await self.unknown(feed, snapshot)

    async def test_too_old(self, feed: PostgresChangeFeed) -> None:
        server, seconds, snapshot = (await feed.snapshot()).rsplit(" ", 2)
        assert not len(await changes(feed, f"{server} {float(seconds) - 5 * 86400} {snapshot}"))
        await self.unknown(feed, f"{server} {float(seconds) - 7 * 86400} {snapshot}")

    async def test_of_a_future_that_was_undone(self, feed: PostgresChangeFeed) -> None:
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


async def test_old_removals_are_forgotten(
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
async def test_what_could_not_be_followed_is_refused(other: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="use DELETE"):
        async with other.begin() as connection:
            await execute(connection, "TRUNCATE face CASCADE")


async def test_nobody_chooses_a_revision(
    storage: Storage, feed: PostgresChangeFeed, other: AsyncEngine
) -> None:
    snapshot = await feed.snapshot()
    await enrol(storage.faces, ("Ann", at(0)))
    async with other.begin() as connection:
        await execute(connection, "UPDATE face SET revision = '3'")
    assert len(await changes(feed, snapshot)) == 1
