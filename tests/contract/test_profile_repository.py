"""What ProfileRepository promises, of each adapter."""

from itertools import pairwise

import pytest

from application.ports.faces import FaceFilter
from application.ports.people import ProfileFilter
from domain.erasure import Removed
from domain.errors import CollectionNotFound, NameTaken, ProfileNotFound
from domain.metadata import JSON, Metadata
from domain.people import DEFAULT_COLLECTION as DEFAULT
from domain.people import Profile
from tests.contract.enrolment import EVERYTHING, NOBODY, at, enrol, photo_of
from tests.contract.storage import Storage

ODD: Metadata = {
    "text": 'ä\u5b89\U0001f600"\\/\n',
    "numbers": [0, -1, 1.5, 1e-9, 2**53],
    "nothing": None,
    "truth": [True, False],
    "deep": {"": {"": []}},
}


async def create(storage: Storage, *names: str) -> list[Profile]:
    return [await storage.profiles.create(DEFAULT, name, {}) for name in names]


class TestCreate:
    async def test_is_there(self, storage: Storage) -> None:
        profile = await storage.profiles.create(DEFAULT, "Ann", ODD)
        assert (profile.collection, profile.name, profile.metadata, profile.faces) == (DEFAULT, "Ann", ODD, 0)
        assert await storage.profiles.get(DEFAULT, profile.id) == profile
        assert await storage.profiles.find(DEFAULT, "Ann") == profile

    async def test_takes_faces_by_name(self, storage: Storage) -> None:
        (profile,) = await create(storage, "Ann")
        (face,) = await enrol(storage.faces, ("Ann", at(0)))
        assert face.profile_id == profile.id

    async def test_a_name_is_taken_once(self, storage: Storage) -> None:
        await create(storage, "Ann")
        with pytest.raises(NameTaken):
            await create(storage, "Ann")
        await enrol(storage.faces, ("Bob", at(0)))
        with pytest.raises(NameTaken):
            await create(storage, "Bob")

    async def test_no_collection(self, storage: Storage) -> None:
        with pytest.raises(CollectionNotFound):
            await storage.profiles.create("nowhere", "Ann", {})


class TestGet:
    async def test_counts_faces_of_all_models(self, storage: Storage) -> None:
        face, *_ = await enrol(storage.faces, ("Ann", at(0)), ("Ann", at(0, "other")), ("Bob", at(0)))
        profile = await storage.profiles.get(DEFAULT, face.profile_id)
        assert profile == Profile(face.profile_id, DEFAULT, "Ann", {}, 2)

    async def test_not_of_another_collection(self, storage: Storage) -> None:
        (ann,) = await create(storage, "Ann")
        await storage.collections.create("other")
        assert await storage.profiles.get("other", ann.id) is None
        assert await storage.profiles.find("other", "Ann") is None

    @pytest.mark.parametrize("name", ["", "ann", "Ann ", "%", "nul\0", "\ud800"])
    async def test_names_are_compared_exactly(self, storage: Storage, name: str) -> None:
        await create(storage, "Ann")
        assert await storage.profiles.find(DEFAULT, name) is None


class TestList:
    async def test_pages_in_the_order_of_ids(self, storage: Storage) -> None:
        people = await create(storage, *"CABED")
        assert all(one.id < two.id for one, two in pairwise(people))
        assert await storage.profiles.list(ProfileFilter(), 10) == people
        assert await storage.profiles.list(ProfileFilter(), 2) == people[:2]
        assert await storage.profiles.list(ProfileFilter(), 2, people[1].id) == people[2:4]
        assert await storage.profiles.list(ProfileFilter(), 2, people[4].id) == []

    async def test_counts_faces(self, storage: Storage) -> None:
        await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(0)), ("Ann", at(1)))
        assert [person.faces for person in await storage.profiles.list(ProfileFilter(), 10)] == [2, 1]

    @pytest.mark.parametrize(
        ("prefix", "expected"),
        [
            ("", ["Ann", "Anna", "ann", "A_n", "\U0010ffff!", "\ud7ff!", "\ue000!", "Ä", "%"]),
            ("An", ["Ann", "Anna"]),
            ("Anna", ["Anna"]),
            ("A_", ["A_n"]),
            ("%", ["%"]),
            ("\U0010ffff", ["\U0010ffff!"]),
            ("\ud7ff", ["\ud7ff!"]),
            ("Annab", []),
            ("nul\0", []),
            ("\ud800", []),
        ],
    )
    async def test_by_what_names_begin_with(self, storage: Storage, prefix: str, expected: list[str]) -> None:
        await create(storage, "Ann", "Anna", "ann", "A_n", "\U0010ffff!", "\ud7ff!", "\ue000!", "Ä", "%")
        found = await storage.profiles.list(ProfileFilter(prefix=prefix), 20)
        assert [person.name for person in found] == expected

    @pytest.mark.parametrize(
        ("part", "found"),
        [
            ({}, True),
            ({"team": "red"}, True),
            ({"team": "red", "age": 7.0}, True),
            ({"team": "Red"}, False),
            ({"age": True}, False),
            ({"age": "7"}, False),
            ({"tags": ["b"]}, True),
            ({"tags": ["b", "a", "b"]}, True),
            ({"tags": []}, True),
            ({"tags": ["c"]}, False),
            ({"tags": "a"}, False),
            ({"home": {"town": "Ulm"}}, True),
            ({"home": {}}, True),
            ({"home": {"town": None}}, False),
            ({"unknown": None}, False),
        ],
    )
    async def test_by_what_metadata_contains(self, storage: Storage, part: Metadata, found: bool) -> None:  # noqa: FBT001
        about: dict[str, JSON] = {
            "team": "red",
            "age": 7,
            "tags": ["a", "b"],
            "home": {"town": "Ulm", "no": 1},
        }
        ann = await storage.profiles.create(DEFAULT, "Ann", about)
        await create(storage, "Bob")
        people = await storage.profiles.list(ProfileFilter(metadata=part), 10)
        assert (ann in people) is found

    async def test_filters_narrow_each_other(self, storage: Storage) -> None:
        for name, team in {"Ann": 1, "Anna": 2, "Bob": 1}.items():
            await storage.profiles.create(DEFAULT, name, {"team": team})
        (ann,) = await storage.profiles.list(ProfileFilter(prefix="An", metadata={"team": 1}), 10)
        assert ann.name == "Ann"


class TestUpdate:
    async def test_name(self, storage: Storage) -> None:
        (face,) = await enrol(storage.faces, ("Ann", at(0)))
        updated = await storage.profiles.update(DEFAULT, face.profile_id, name="Anna")
        assert updated == Profile(face.profile_id, DEFAULT, "Anna", {}, 1)
        assert [found.name for found in await storage.faces.list(FaceFilter(name="Anna"), 5)] == ["Anna"]
        assert await storage.profiles.find(DEFAULT, "Ann") is None

    async def test_metadata_is_replaced(self, storage: Storage) -> None:
        ann = await storage.profiles.create(DEFAULT, "Ann", {"a": 1})
        updated = await storage.profiles.update(DEFAULT, ann.id, metadata={"b": [2]})
        assert updated == Profile(ann.id, DEFAULT, "Ann", {"b": [2]}, 0)

    async def test_nothing(self, storage: Storage) -> None:
        ann = await storage.profiles.create(DEFAULT, "Ann", {"a": 1})
        assert await storage.profiles.update(DEFAULT, ann.id) == ann

    async def test_the_own_name_is_free(self, storage: Storage) -> None:
        (ann,) = await create(storage, "Ann")
        assert await storage.profiles.update(DEFAULT, ann.id, name="Ann") == ann

    async def test_a_taken_name_changes_nothing(self, storage: Storage) -> None:
        ann, _ = await create(storage, "Ann", "Bob")
        with pytest.raises(NameTaken):
            await storage.profiles.update(DEFAULT, ann.id, "Bob", {"a": 1})
        assert await storage.profiles.get(DEFAULT, ann.id) == ann

    async def test_unknown(self, storage: Storage) -> None:
        assert await storage.profiles.update(DEFAULT, NOBODY, "Ann") is None


class TestMerge:
    async def test_all_faces_are_the_targets(self, storage: Storage) -> None:
        ann, *_ = await enrol(storage.faces, ("Ann", at(0)), ("Ann", at(0, "other")))
        (bob,) = await enrol(storage.faces, ("Bob", at(1)))
        merged = await storage.profiles.merge(DEFAULT, ann.profile_id, bob.profile_id)
        assert merged == Profile(bob.profile_id, DEFAULT, "Bob", {}, 3)
        assert await storage.profiles.list(ProfileFilter(), 10) == [merged]
        assert {face.name for face in await storage.faces.list(EVERYTHING, 10)} == {"Bob"}

    async def test_metadata_is_united_and_the_targets_wins(self, storage: Storage) -> None:
        source = await storage.profiles.create(DEFAULT, "Ann", {"a": 1, "b": {"x": 1}})
        target = await storage.profiles.create(DEFAULT, "Bob", {"b": {"y": 2}, "c": None})
        merged = await storage.profiles.merge(DEFAULT, source.id, target.id)
        assert merged.metadata == {"a": 1, "b": {"y": 2}, "c": None}

    async def test_of_a_common_photo_the_targets_face_stays(self, storage: Storage) -> None:
        source = (await storage.faces.add(photo_of("Ann", at(0), "photo"))).face
        other = (await storage.faces.add(photo_of("Ann", at(1), "another"))).face
        target = (await storage.faces.add(photo_of("Bob", at(2), "photo"))).face
        merged = await storage.profiles.merge(DEFAULT, source.profile_id, target.profile_id)
        assert merged.faces == 2
        ids = {face.id for face in await storage.faces.list(EVERYTHING, 10)}
        assert ids == {other.id, target.id}

    async def test_with_oneself(self, storage: Storage) -> None:
        (ann,) = await enrol(storage.faces, ("Ann", at(0)))
        assert (await storage.profiles.merge(DEFAULT, ann.profile_id, ann.profile_id)).faces == 1

    async def test_unknown_people(self, storage: Storage) -> None:
        (ann,) = await create(storage, "Ann")
        await storage.collections.create("other")
        stranger = (await storage.profiles.create("other", "Ann", {})).id
        for source, target in ((ann.id, NOBODY), (NOBODY, ann.id), (stranger, ann.id), (ann.id, stranger)):
            with pytest.raises(ProfileNotFound):
                await storage.profiles.merge(DEFAULT, source, target)
        assert await storage.profiles.list(ProfileFilter(), 10) == [ann]


class TestDelete:
    async def test_with_all_faces(self, storage: Storage) -> None:
        ann, _, bob = await enrol(storage.faces, ("Ann", at(0)), ("Ann", at(0, "other")), ("Bob", at(1)))
        assert await storage.profiles.delete(DEFAULT, ann.profile_id) == Removed(people=1, faces=2)
        assert await storage.faces.list(EVERYTHING, 10) == [bob]
        assert not await storage.profiles.delete(DEFAULT, ann.profile_id)

    async def test_not_of_another_collection(self, storage: Storage) -> None:
        (ann,) = await create(storage, "Ann")
        await storage.collections.create("other")
        assert not await storage.profiles.delete("other", ann.id)
        assert await storage.profiles.list(ProfileFilter(), 10) == [ann]

    async def test_frees_the_name(self, storage: Storage) -> None:
        (ann,) = await create(storage, "Ann")
        await storage.profiles.delete(DEFAULT, ann.id)
        (again,) = await create(storage, "Ann")
        assert again.id != ann.id
