"""What Archive promises of restoring, of each adapter."""

import dataclasses
from uuid import UUID

import pytest

from application.ports.archive import PersonToRestore, Restored
from domain.errors import CollectionNotFound, InvalidEmbedding, ProfileNotFound
from domain.people import DEFAULT_COLLECTION as DEFAULT
from tests.contract.archives import (
    Archived,
    archive,
    as_read,
    content,
    created,
    elsewhere,
    restore,
    same,
)
from tests.contract.enrolment import (
    EVERYTHING,
    NOBODY,
    SMALL,
    at,
    enrol,
    look,
    names,
    new,
    photo_of,
    random_embedding,
)
from tests.contract.storage import Storage


@pytest.fixture(params=[True, False], ids=["kept", "anew"])
def keep_ids(request: pytest.FixtureRequest) -> bool:
    """Whether ids are kept."""
    return bool(request.param)


@pytest.fixture
async def archived(storage: Storage) -> Archived:
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
        assert names(await look(storage, at(0), 3)) == ["Ann"]
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
        assert names(await look(storage, at(0), 3)) == ["Ann"]

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
        assert names(await look(storage, at(89), 3)) == ["Zoe", "Ann"]
