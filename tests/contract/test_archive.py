"""What Archive promises of exporting and of keeping ids, of each adapter."""

import dataclasses
from datetime import UTC, datetime, timedelta

from application.ports.archive import ArchiveIds, FaceToRestore, PersonToRestore
from domain.people import DEFAULT_COLLECTION as DEFAULT
from tests.contract.enrolment import (
    SMALL,
    at,
    enrol,
    photo_of,
)
from tests.contract.storage import Storage


class TestFaces:
    async def test_all_that_is_stored(self, storage: Storage) -> None:
        face = (
            await storage.faces.add(dataclasses.replace(photo_of("Ann", at(1), "photo"), crop=b"pixels"))
        ).face
        (out,) = await storage.archive.faces(DEFAULT, 10)
        assert (out.face, out.embedding.model, out.digest, out.crop) == (
            face,
            SMALL,
            b"photo".ljust(32),
            b"pixels",
        )
        assert out.embedding.vector.tobytes() == at(1).vector.tobytes()

    async def test_without_crops(self, storage: Storage) -> None:
        await storage.faces.add(dataclasses.replace(photo_of("Ann", at(1), "photo"), crop=b"pixels"))
        (out,) = await storage.archive.faces(DEFAULT, 10, crops=False)
        assert (out.digest, out.crop) == (b"photo".ljust(32), None)

    async def test_pages(self, storage: Storage) -> None:
        faces = await enrol(storage.faces, *((f"{i % 2}", at(i)) for i in range(5)))
        first = await storage.archive.faces(DEFAULT, 2)
        rest = await storage.archive.faces(DEFAULT, 10, first[-1].face.id)
        assert [out.face for out in (*first, *rest)] == faces

    async def test_of_one_collection(self, storage: Storage) -> None:
        await storage.collections.create("other")
        await enrol(storage.faces, ("Ann", at(0)))
        assert await storage.archive.faces("other", 10) == []


class TestKeepIds:
    async def test_those_of_an_archive_are_given_to_nobody_else(self, storage: Storage) -> None:
        (now,) = await enrol(storage.faces, ("Ann", at(0)))
        await storage.faces.delete(DEFAULT, now.id)
        ids = ArchiveIds("one", now.profile_id + 100, now.id + 1000)
        assert await storage.archive.keep_ids(ids)
        (bob,) = await enrol(storage.faces, ("Bob", at(0)))
        assert (bob.profile_id, bob.id) == (now.profile_id + 101, now.id + 1001)

    async def test_lesser_ones_than_were_given_are_not_given_again(self, storage: Storage) -> None:
        (now,) = await enrol(storage.faces, ("Ann", at(0)))
        await storage.faces.delete(DEFAULT, now.id)
        assert await storage.archive.keep_ids(ArchiveIds("one", 0, 0))
        (bob,) = await enrol(storage.faces, ("Bob", at(0)))
        assert (bob.profile_id, bob.id) == (now.profile_id + 1, now.id + 1)

    async def test_of_one_archive_only(self, storage: Storage) -> None:
        one, two = ArchiveIds("one", 1, 1), ArchiveIds("two", 1, 1)
        assert await storage.archive.keep_ids(one)
        ann = await storage.profiles.create(DEFAULT, "Ann", {})
        assert not await storage.archive.keep_ids(two)
        assert await storage.archive.keep_ids(one)
        await storage.profiles.delete(DEFAULT, ann.id)
        assert await storage.archive.keep_ids(two)
        await storage.profiles.create(DEFAULT, "Ann", {})
        assert not await storage.archive.keep_ids(one)

    async def test_not_beside_anybody(self, storage: Storage) -> None:
        await storage.collections.create("other")
        await storage.profiles.create("other", "Ann", {})
        assert not await storage.archive.keep_ids(ArchiveIds("one", 1, 1))


class TestSnapshot:
    async def test_what_is_stored_meanwhile_is_not_in_it(self, storage: Storage) -> None:
        ann, bob = await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(20)))
        async with storage.archive.snapshot() as stored:
            greatest = await stored.greatest_ids()
            assert greatest >= (bob.profile_id, bob.id)
            await storage.faces.delete(DEFAULT, ann.id)
            await storage.collections.create("new")
            await enrol(storage.faces, ("Cem", at(40)), ("Bob", at(60)))
            assert "new" not in await stored.collections()
            people = await stored.people(DEFAULT, 10)
            assert [person.name for person in people] == ["Ann", "Bob"]
            assert [each.face.id for each in await stored.faces(DEFAULT, 10)] == [ann.id, bob.id]
        assert [person.name for person in await storage.archive.people(DEFAULT, 10)] == ["Bob", "Cem"]

    async def test_pages_and_one_person(self, storage: Storage) -> None:
        faces = await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(20)), ("Ann", at(40)))
        ann, bob = await storage.archive.people(DEFAULT, 10)
        assert await storage.archive.people(DEFAULT, 1, ann.id) == [bob]
        assert await storage.archive.person(DEFAULT, ann.id) == ann
        assert await storage.archive.person("other", ann.id) is None
        found = await storage.archive.faces(DEFAULT, 10, profile_id=ann.id)
        assert [each.face.id for each in found] == [faces[0].id, faces[2].id]
        assert abs(found[0].created_at - datetime.now(UTC)) < timedelta(minutes=5)
        assert ann.created_at <= found[0].created_at

    async def test_times_are_restored(self, storage: Storage) -> None:
        then = datetime(2001, 2, 3, 4, 5, 6, 7, tzinfo=UTC)
        await storage.archive.keep_ids(ArchiveIds("one", 10**6, 10**6))
        ann = PersonToRestore(10**6, "Ann", {}, then)
        face = FaceToRestore(10**6, 10**6, "detector", at(0), None, None, then)
        (here,) = await storage.archive.restore_people(DEFAULT, [ann], keep_ids=True)
        await storage.archive.restore_faces(DEFAULT, [face], [here.id], keep_ids=True)
        assert [each.created_at for each in await storage.archive.people(DEFAULT, 9)] == [then]
        assert [each.created_at for each in await storage.archive.faces(DEFAULT, 9)] == [then]
