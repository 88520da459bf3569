"""The changes of a gallery, whoever makes them and however long their transactions take."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.change_feed import PostgresChangeFeed
from adapters.postgres.compiled_statement import CompiledStatement, DriverRow
from application.ports.change_feed import NO_SNAPSHOT, GalleryKey
from domain.errors import CollectionNotFound
from tests.contract.enrolment import SMALL, at, enrol, random_embedding
from tests.contract.storage import Storage
from tests.integration.change_feed.reading import FACES, GALLERY, PERSON, changes, execute, ids, ids_in, paged
from tests.integration.conftest import SharedDatabase


class TestRead:
    @pytest.mark.parametrize(("most", "changes_read"), [(1000, 300), (299, 0)])
    async def test_a_reading_grows_linearly_with_the_changes(
        self,
        engine: AsyncEngine,
        feed: PostgresChangeFeed,
        monkeypatch: pytest.MonkeyPatch,
        most: int,
        changes_read: int,
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
        assert (0 if found.changes is None else len(found.changes.faces.face_ids)) == changes_read
        assert len(found.candidates) == changes_read
        numbers = sum(
            len(value) if isinstance(value, list | bytes | str) else 1
            for row in read
            for value in row.values()
        )
        assert numbers < 100 * (changes_read + 2)

    async def test_nothing_has_changed(self, feed: PostgresChangeFeed, storage: Storage) -> None:
        await enrol(storage.faces, ("Ann", at(0)))
        assert (await feed.read(GALLERY, await feed.snapshot(), np.array([1]))).unchanged

    async def test_added_and_removed_faces(
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

    async def test_changes_of_other_galleries_are_not_read(
        self, feed: PostgresChangeFeed, storage: Storage
    ) -> None:
        await storage.collections.create("staff")
        snapshot = await feed.snapshot()
        (face, *_) = await enrol(storage.faces, ("Ann", at(0)), ("Ann", at(1)), collection="staff")
        await enrol(storage.faces, ("Ann", random_embedding(0)))
        await storage.faces.delete("staff", face.id)
        assert not len(await changes(feed, snapshot))

    async def test_an_open_transaction_is_read_once_when_it_is_committed(
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

    async def test_a_transaction_that_is_rolled_back_is_never_read(
        self, feed: PostgresChangeFeed, storage: Storage, other: AsyncEngine
    ) -> None:
        snapshot = await feed.snapshot()
        async with other.connect() as connection:
            await execute(connection, PERSON, FACES, name="Ann")
            await connection.rollback()
        assert not len(await changes(feed, snapshot))

    async def test_a_face_that_leaves_and_returns_within_one_transaction_is_there(
        self,
        feed: PostgresChangeFeed,
        storage: Storage,
        other: AsyncEngine,
        engine: AsyncEngine,
        shared_database: SharedDatabase,
    ) -> None:
        shared_database.migrated = False  # a constraint goes
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
        self,
        feed: PostgresChangeFeed,
        storage: Storage,
        other: AsyncEngine,
        engine: AsyncEngine,
        shared_database: SharedDatabase,
    ) -> None:
        shared_database.migrated = False  # a constraint goes
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

    async def test_too_many_changes(self, engine: AsyncEngine, storage: Storage) -> None:
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

    async def test_changes_since_a_snapshot(
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
