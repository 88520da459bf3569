"""What Archive promises, of each adapter."""

import dataclasses

import pytest
from uuid_utils.compat import uuid7

from application.ports.archive import ArchivedFace, Restored
from application.ports.people import ProfileFilter
from domain.errors import CollectionNotFound, IdTaken, InvalidEmbedding, NameTaken, ProfileNotFound
from domain.people import DEFAULT_COLLECTION as DEFAULT
from domain.people import Profile
from tests.contract.enrolment import EVERYTHING, SMALL, at, enrol, look, names, photo_of, random_embedding
from tests.contract.storage import Storage


async def archive(storage: Storage) -> tuple[list[Profile], list[ArchivedFace]]:
    people = await storage.profiles.list(ProfileFilter(), 100)
    return people, await storage.archive.faces(DEFAULT, 100)


@pytest.fixture
async def archived(storage: Storage) -> tuple[list[Profile], list[ArchivedFace]]:
    """Of two people, one without faces, after which the storage is empty."""
    ann = await storage.profiles.create(DEFAULT, "Ann", {"team": ["red"]})
    await storage.profiles.create(DEFAULT, "Bob", {})
    await storage.faces.add(dataclasses.replace(photo_of("Ann", at(0), "photo"), crop=b"pixels"))
    await enrol(storage.faces, ("Ann", random_embedding(1)))
    contents = await archive(storage)
    for person in contents[0]:
        await storage.profiles.delete(DEFAULT, person.id)
    assert ann.id == contents[0][0].id
    return contents


def same(one: list[ArchivedFace], two: list[ArchivedFace]) -> bool:
    def told(faces: list[ArchivedFace]) -> list[object]:
        return [(each.face, each.embedding.vector.tobytes(), each.digest, each.crop) for each in faces]

    return told(one) == told(two)


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


class TestRestore:
    async def test_brings_everything_back(
        self, storage: Storage, archived: tuple[list[Profile], list[ArchivedFace]]
    ) -> None:
        people, faces = archived
        assert await storage.archive.restore(DEFAULT, people, faces) == Restored(2, 2)
        now = await archive(storage)
        assert now[0] == people
        assert same(now[1], faces)
        assert names(await look(storage, at(0), 3)) == ["Ann"]
        assert not (await storage.faces.add(photo_of("Ann", at(0), "photo"))).created

    async def test_may_be_repeated(
        self, storage: Storage, archived: tuple[list[Profile], list[ArchivedFace]]
    ) -> None:
        await storage.archive.restore(DEFAULT, archived[0], archived[1][:1])
        assert await storage.archive.restore(DEFAULT, *archived) == Restored(0, 1)
        assert await storage.archive.restore(DEFAULT, *archived) == Restored(0, 0)
        assert same((await archive(storage))[1], archived[1])

    async def test_in_pages(
        self, storage: Storage, archived: tuple[list[Profile], list[ArchivedFace]]
    ) -> None:
        people, faces = archived
        await storage.archive.restore(DEFAULT, people, [])
        for face in faces:
            assert await storage.archive.restore(DEFAULT, [], [face]) == Restored(0, 1)

    async def test_leaves_what_is_there_as_it_is(
        self, storage: Storage, archived: tuple[list[Profile], list[ArchivedFace]]
    ) -> None:
        people, faces = archived
        await storage.archive.restore(DEFAULT, people, [])
        changed = await storage.profiles.update(DEFAULT, people[0].id, "Anna", {"team": []})
        await storage.archive.restore(DEFAULT, people, faces)
        now = await storage.profiles.get(DEFAULT, people[0].id)
        assert changed is not None
        assert now == dataclasses.replace(changed, faces=2)
        assert {face.name for face in await storage.faces.list(EVERYTHING, 5)} == {"Anna"}

    async def test_the_same_photo_is_not_enrolled_twice(
        self, storage: Storage, archived: tuple[list[Profile], list[ArchivedFace]]
    ) -> None:
        people, faces = archived
        await storage.archive.restore(DEFAULT, people, [])
        face = (await storage.faces.add(photo_of("Ann", at(0), "photo"))).face
        assert (await storage.archive.restore(DEFAULT, people, faces)).faces == 1
        assert await storage.faces.get(DEFAULT, face.id) == face

    async def test_into_another_collection(
        self, storage: Storage, archived: tuple[list[Profile], list[ArchivedFace]]
    ) -> None:
        await storage.collections.create("other")
        await storage.archive.restore("other", *archived)
        assert await storage.faces.list(EVERYTHING, 5) == []
        assert {out.face.collection for out in await storage.archive.faces("other", 5)} == {"other"}

    async def test_no_collection(self, storage: Storage) -> None:
        with pytest.raises(CollectionNotFound):
            await storage.archive.restore("nowhere", [], [])

    async def test_refused_things_change_nothing(
        self, storage: Storage, archived: tuple[list[Profile], list[ArchivedFace]]
    ) -> None:
        people, faces = archived
        with pytest.raises(ProfileNotFound):
            await storage.archive.restore(DEFAULT, people[1:], faces)
        stranger = dataclasses.replace(people[0], id=uuid7(), name="Bob")
        with pytest.raises(NameTaken):
            await storage.archive.restore(DEFAULT, [*people, stranger], [])
        longer = dataclasses.replace(
            faces[0],
            face=dataclasses.replace(faces[0].face, id=uuid7()),
            embedding=random_embedding(1, 5, SMALL),
        )
        with pytest.raises(InvalidEmbedding):
            await storage.archive.restore(DEFAULT, people, [*faces, longer])
        assert await archive(storage) == ([], [])

    async def test_a_name_of_somebody_else(
        self, storage: Storage, archived: tuple[list[Profile], list[ArchivedFace]]
    ) -> None:
        ann = await storage.profiles.create(DEFAULT, "Ann", {})
        with pytest.raises(NameTaken):
            await storage.archive.restore(DEFAULT, *archived)
        assert await archive(storage) == ([ann], [])

    async def test_ids_of_another_collection(
        self, storage: Storage, archived: tuple[list[Profile], list[ArchivedFace]]
    ) -> None:
        people, faces = archived
        await storage.collections.create("other")
        await storage.archive.restore("other", people, faces)
        with pytest.raises(IdTaken):
            await storage.archive.restore(DEFAULT, people, [])
        zoe = await storage.profiles.create(DEFAULT, "Zoe", {})
        theirs = dataclasses.replace(faces[0], face=dataclasses.replace(faces[0].face, profile_id=zoe.id))
        with pytest.raises(IdTaken):
            await storage.archive.restore(DEFAULT, [], [theirs])
        assert await archive(storage) == ([zoe], [])
