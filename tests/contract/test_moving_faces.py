"""What EmbeddingRepository.move promises, of each adapter."""

import dataclasses

import pytest

from domain.errors import ProfileNotFound
from domain.people import DEFAULT_COLLECTION as DEFAULT
from tests.contract.enrolment import EVERYTHING, NO_FACE, NOBODY, at, enrol, names, new, photo_of, search
from tests.contract.storage import Storage


class TestMove:
    async def test_to_another_person(self, storage: Storage) -> None:
        ann, bob, _ = await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(50)), ("Ann", at(1)))
        moved = await storage.faces.move(DEFAULT, ann.id, bob.profile_id)
        assert moved == dataclasses.replace(ann, profile_id=bob.profile_id, name="Bob")
        assert await storage.faces.get(DEFAULT, ann.id) == moved
        assert names(await search(storage, at(0), 2)) == ["Bob", "Ann"]

    async def test_the_old_profile_goes_with_its_last_face(self, storage: Storage) -> None:
        ann, bob = await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(50)))
        await storage.faces.move(DEFAULT, ann.id, bob.profile_id)
        assert await storage.profiles.get(DEFAULT, ann.profile_id) is None

    async def test_to_its_own_person_changes_nothing(self, storage: Storage) -> None:
        for face in (new("Ann", at(0)), photo_of("Bob", at(0), "photo")):
            enrolled = (await storage.faces.add(face)).face
            assert await storage.faces.move(DEFAULT, enrolled.id, enrolled.profile_id) == enrolled
            assert await storage.faces.get(DEFAULT, enrolled.id) == enrolled

    async def test_to_a_person_without_faces(self, storage: Storage) -> None:
        (ann,) = await enrol(storage.faces, ("Ann", at(0)))
        bob = await storage.profiles.create(DEFAULT, "Bob", {})
        moved = await storage.faces.move(DEFAULT, ann.id, bob.id)
        assert moved is not None
        assert moved.name == "Bob"

    async def test_to_a_person_who_has_the_photo(self, storage: Storage) -> None:
        ann = (await storage.faces.add(photo_of("Ann", at(0), "photo"))).face
        bob = (await storage.faces.add(photo_of("Bob", at(1), "photo"))).face
        assert await storage.faces.move(DEFAULT, ann.id, bob.profile_id) == bob
        assert await storage.faces.list(EVERYTHING, 10) == [bob]
        assert await storage.profiles.get(DEFAULT, ann.profile_id) is None

    async def test_takes_its_photo_along(self, storage: Storage) -> None:
        ann = (await storage.faces.add(photo_of("Ann", at(0), "photo"))).face
        (bob, _) = await enrol(storage.faces, ("Bob", at(1)), ("Ann", at(2)))
        await storage.faces.move(DEFAULT, ann.id, bob.profile_id)
        assert not (await storage.faces.add(photo_of("Bob", at(0), "photo"))).created
        assert (await storage.faces.add(photo_of("Ann", at(0), "photo"))).created

    async def test_unknown_face(self, storage: Storage) -> None:
        (ann,) = await enrol(storage.faces, ("Ann", at(0)))
        assert await storage.faces.move(DEFAULT, NO_FACE, ann.profile_id) is None

    async def test_unknown_person(self, storage: Storage) -> None:
        (ann,) = await enrol(storage.faces, ("Ann", at(0)))
        with pytest.raises(ProfileNotFound):
            await storage.faces.move(DEFAULT, ann.id, NOBODY)
        assert await storage.faces.get(DEFAULT, ann.id) == ann

    async def test_not_into_another_collection(self, storage: Storage) -> None:
        await storage.collections.create("other")
        (ann,) = await enrol(storage.faces, ("Ann", at(0)))
        (bob,) = await enrol(storage.faces, ("Bob", at(0)), collection="other")
        with pytest.raises(ProfileNotFound):
            await storage.faces.move(DEFAULT, ann.id, bob.profile_id)
        assert await storage.faces.move("other", ann.id, bob.profile_id) is None
