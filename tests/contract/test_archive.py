"""What Archive promises, of each adapter."""

import dataclasses
from collections.abc import Sequence
from uuid import UUID

import pytest

from application.ports.archive import ArchivedFace, ArchiveIds, FaceToRestore, PersonToRestore, Restored
from application.ports.people import ProfileFilter
from domain.errors import CollectionNotFound, InvalidEmbedding, ProfileNotFound
from domain.people import DEFAULT_COLLECTION as DEFAULT
from domain.people import FaceId, Profile, ProfileId
from tests.contract.enrolment import (
    EVERYTHING,
    NOBODY,
    SMALL,
    at,
    enrol,
    names,
    new,
    photo_of,
    random_embedding,
    search,
)
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


def as_written(people: Sequence[Profile]) -> list[PersonToRestore]:
    return [PersonToRestore(person.id, person.name, person.metadata) for person in people]


def as_read(faces: Sequence[ArchivedFace]) -> list[FaceToRestore]:
    return [
        FaceToRestore(
            each.face.id,
            each.face.profile_id,
            each.face.detection_model,
            each.embedding,
            each.digest,
            each.crop,
        )
        for each in faces
    ]


async def restore(
    storage: Storage,
    people: Sequence[Profile],
    faces: Sequence[ArchivedFace],
    *,
    keep_ids: bool,
    collection: str = DEFAULT,
) -> tuple[list[Restored[ProfileId]], list[Restored[FaceId]]]:
    """Whose faces are of `people`."""
    here = await storage.archive.restore_people(collection, as_written(people), keep_ids=keep_ids)
    owners = {old.id: now.id for old, now in zip(people, here, strict=True)}
    found = await storage.archive.restore_faces(
        collection, as_read(faces), [owners[each.face.profile_id] for each in faces], keep_ids=keep_ids
    )
    return list(here), list(found)


def created(restored: Sequence[Restored[ProfileId]] | Sequence[Restored[FaceId]]) -> list[bool]:
    return [each.created for each in restored]


def content(faces: Sequence[ArchivedFace]) -> list[object]:
    """Everything but ids."""
    return [
        (
            each.face.name,
            each.face.detection_model,
            each.embedding.model,
            each.embedding.vector.tobytes(),
            each.digest,
            each.crop,
        )
        for each in faces
    ]


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


@pytest.fixture(params=[True, False], ids=["kept", "anew"])
def keep_ids(request: pytest.FixtureRequest) -> bool:
    """Whether ids are kept."""
    return bool(request.param)


Archived = tuple[list[Profile], list[ArchivedFace]]


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


class TestRestore:
    async def test_brings_everything_back(self, storage: Storage, archived: Archived) -> None:
        people, faces = archived
        found = await restore(storage, people, faces, keep_ids=True)
        assert found == (
            [Restored(person.id, created=True) for person in people],
            [Restored(each.face.id, created=True) for each in faces],
        )
        now = await archive(storage)
        assert now[0] == people
        assert same(now[1], faces)
        assert names(await search(storage, at(0), 3)) == ["Ann"]
        assert not (await storage.faces.add(photo_of("Ann", at(0), "photo"))).created

    async def test_brings_everything_back_by_new_ids(self, storage: Storage, archived: Archived) -> None:
        people, faces = archived
        here, found = await restore(storage, people, faces, keep_ids=False)
        assert created(here) + created(found) == [True] * 4
        now = await archive(storage)
        assert [person.id for person in now[0]] == [person.id for person in here]
        assert [each.face.id for each in now[1]] == [face.id for face in found]
        assert here[0].id > people[-1].id
        assert found[0].id > faces[-1].face.id
        assert [dataclasses.replace(person, id=people[0].id) for person in now[0]] == [
            dataclasses.replace(person, id=people[0].id) for person in people
        ]
        assert content(now[1]) == content(faces)
        assert names(await search(storage, at(0), 3)) == ["Ann"]

    async def test_may_be_repeated(self, storage: Storage, archived: Archived, keep_ids: bool) -> None:  # noqa: FBT001
        people, faces = archived
        first = await restore(storage, people, faces[:1], keep_ids=keep_ids)
        then = await restore(storage, people, faces, keep_ids=keep_ids)
        assert (created(then[0]), created(then[1])) == ([False] * 2, [False, True])
        again = await restore(storage, people, faces, keep_ids=keep_ids)
        assert (created(again[0]), created(again[1])) == ([False] * 2, [False] * 2)
        assert [each.id for each in first[0]] == [each.id for each in again[0]]
        assert [each.id for each in then[1]] == [each.id for each in again[1]]
        assert content((await archive(storage))[1]) == content(faces)

    async def test_of_uuids(self, storage: Storage, archived: Archived) -> None:
        people = [PersonToRestore(UUID(int=5), "Ann", {}), PersonToRestore(UUID(int=3), "Bob", {})]
        here = await storage.archive.restore_people(DEFAULT, people, keep_ids=False)
        face = dataclasses.replace(as_read(archived[1])[0], id=UUID(int=8), profile_id=UUID(int=5))
        (found,) = await storage.archive.restore_faces(DEFAULT, [face], [here[0].id], keep_ids=False)
        now = await storage.faces.get(DEFAULT, found.id)
        assert now is not None
        assert (now.name, now.profile_id) == ("Ann", here[0].id)

    async def test_a_person_of_the_same_name_stays_as_they_are(
        self,
        storage: Storage,
        archived: Archived,
        keep_ids: bool,  # noqa: FBT001
    ) -> None:
        people, faces = archived
        ann = await storage.profiles.create(DEFAULT, "Ann", {"team": []})
        here, _ = await restore(storage, people, faces, keep_ids=keep_ids)
        assert here[0] == Restored(ann.id, created=False)
        assert await storage.profiles.get(DEFAULT, ann.id) == dataclasses.replace(ann, faces=2)

    async def test_whose_id_was_kept_is_known_by_it(self, storage: Storage, archived: Archived) -> None:
        people, faces = archived
        await restore(storage, people, [], keep_ids=True)
        changed = await storage.profiles.update(DEFAULT, people[0].id, "Anna", {"team": []})
        await restore(storage, people, faces, keep_ids=True)
        now = await storage.profiles.get(DEFAULT, people[0].id)
        assert changed is not None
        assert now == dataclasses.replace(changed, faces=2)
        assert {face.name for face in await storage.faces.list(EVERYTHING, 5)} == {"Anna"}

    async def test_an_id_that_is_somebody_elses_is_not_kept(
        self, storage: Storage, archived: Archived
    ) -> None:
        people, faces = archived
        await storage.collections.create("other")
        await restore(storage, people, faces, keep_ids=True, collection="other")
        for _ in range(2):
            here, found = await restore(storage, people, faces, keep_ids=True)
            assert not {person.id for person in people} & {person.id for person in here}
            assert not {each.face.id for each in faces} & {face.id for face in found}
            assert content((await archive(storage))[1]) == content(faces)
        assert same(await storage.archive.faces("other", 5), [elsewhere(each) for each in faces])

    async def test_the_same_photo_is_not_enrolled_twice(
        self,
        storage: Storage,
        archived: Archived,
        keep_ids: bool,  # noqa: FBT001
    ) -> None:
        people, faces = archived
        await restore(storage, people, [], keep_ids=keep_ids)
        face = (await storage.faces.add(photo_of("Ann", at(0), "photo"))).face
        _, found = await restore(storage, people, faces, keep_ids=keep_ids)
        assert found[0] == Restored(face.id, created=False)
        assert found[1].created
        assert await storage.faces.get(DEFAULT, face.id) == face

    async def test_the_same_embedding_is_enrolled_once_for_each_id_that_is_kept(
        self,
        storage: Storage,
        keep_ids: bool,  # noqa: FBT001
    ) -> None:
        await enrol(storage.faces, ("Ann", at(0)), ("Ann", at(0)), ("Bob", at(0)))
        people, faces = await archive(storage)
        for person in people:
            await storage.profiles.delete(DEFAULT, person.id)
        for again in (False, True):
            _, found = await restore(storage, people, faces, keep_ids=keep_ids)
            assert created(found) == [not again, keep_ids and not again, not again]
            assert len({face.id for face in found}) == (3 if keep_ids else 2)
            assert len(await storage.faces.list(EVERYTHING, 5)) == (3 if keep_ids else 2)

    async def test_into_another_collection(
        self,
        storage: Storage,
        archived: Archived,
        keep_ids: bool,  # noqa: FBT001
    ) -> None:
        await storage.collections.create("other")
        await restore(storage, *archived, keep_ids=keep_ids, collection="other")
        assert await storage.faces.list(EVERYTHING, 5) == []
        assert {out.face.collection for out in await storage.archive.faces("other", 5)} == {"other"}

    async def test_no_collection(self, storage: Storage) -> None:
        with pytest.raises(CollectionNotFound):
            await storage.archive.restore_people("nowhere", [], keep_ids=False)
        with pytest.raises(CollectionNotFound):
            await storage.archive.restore_faces("nowhere", [], [], keep_ids=False)

    async def test_refused_things_change_nothing(
        self,
        storage: Storage,
        archived: Archived,
        keep_ids: bool,  # noqa: FBT001
    ) -> None:
        people, faces = archived
        ((ann, _), _) = await restore(storage, people, [], keep_ids=keep_ids)
        with pytest.raises(ProfileNotFound):
            await storage.archive.restore_faces(DEFAULT, as_read(faces), [ann.id, NOBODY], keep_ids=keep_ids)
        longer = dataclasses.replace(as_read(faces)[1], embedding=random_embedding(1, 5, SMALL))
        with pytest.raises(InvalidEmbedding):
            await storage.archive.restore_faces(
                DEFAULT, [as_read(faces)[0], longer], [ann.id, ann.id], keep_ids=keep_ids
            )
        assert (await archive(storage))[1] == []

    async def test_a_person_of_another_collection(self, storage: Storage, archived: Archived) -> None:
        await storage.collections.create("other")
        (zoe,) = await enrol(storage.faces, ("Zoe", at(0)), collection="other")
        with pytest.raises(ProfileNotFound):
            await storage.archive.restore_faces(
                DEFAULT, as_read(archived[1])[:1], [zoe.profile_id], keep_ids=False
            )

    async def test_beside_those_who_are_there(self, storage: Storage, archived: Archived) -> None:
        await storage.faces.add(new("Zoe", at(90)))
        await restore(storage, *archived, keep_ids=False)
        assert names(await search(storage, at(89), 3)) == ["Zoe", "Ann"]


def elsewhere(archived: ArchivedFace) -> ArchivedFace:
    return dataclasses.replace(archived, face=dataclasses.replace(archived.face, collection="other"))
