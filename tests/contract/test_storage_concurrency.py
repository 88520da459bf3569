"""What the storage ports promise when their methods run at the same time."""

import asyncio
import itertools
from collections.abc import Awaitable
from typing import TypeVar

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.tables import profile
from application.ports.faces import FaceFilter, NewFace
from application.ports.people import ProfileFilter
from domain.erasure import Removed
from domain.errors import CollectionExists, CollectionNotFound, NameTaken, ProfileNotFound
from domain.people import DEFAULT_COLLECTION as DEFAULT
from domain.people import Face, ProfileId
from tests.contract.enrolment import EVERYTHING, at, enrol, names, new, photo_of, search
from tests.contract.storage import Storage

T = TypeVar("T")
TURNS = 15


async def refused(action: Awaitable[T], *errors: type[Exception]) -> T | None:
    """What it brings; None if it was refused for one of these reasons."""
    try:
        return await action
    except errors:
        return None


def by_id(profile_id: ProfileId, degrees: float) -> NewFace:
    return NewFace(DEFAULT, profile_id, at(degrees), "detector")


async def owners(storage: Storage) -> list[ProfileId]:
    return [face.profile_id for face in await storage.faces.list(EVERYTHING, 1000)]


class TestAdding:
    async def test_one_new_name_many_times_is_one_profile(self, storage: Storage) -> None:
        added = await asyncio.gather(*(storage.faces.add(new("Ann", at(i))) for i in range(16)))
        assert len({enrolment.face.profile_id for enrolment in added}) == 1
        assert len(await storage.faces.list(EVERYTHING, 100)) == 16

    async def test_one_photo_many_times_is_one_face(self, storage: Storage) -> None:
        for turn in range(TURNS):
            photo = photo_of("Ann", at(0), f"{turn}")
            added = await asyncio.gather(*(storage.faces.add(photo) for _ in range(8)))
            assert [enrolment.created for enrolment in added].count(True) == 1
            assert len({enrolment.face.id for enrolment in added}) == 1

    async def test_one_name_is_created_once(self, storage: Storage) -> None:
        created = await asyncio.gather(
            *(refused(storage.profiles.create(DEFAULT, "Ann", {}), NameTaken) for _ in range(8))
        )
        assert created.count(None) == 7
        assert len(await storage.profiles.list(ProfileFilter(), 10)) == 1

    async def test_one_collection_is_created_once(self, storage: Storage) -> None:
        created = await asyncio.gather(
            *(refused(storage.collections.create("staff"), CollectionExists) for _ in range(8))
        )
        assert created.count(None) == 7

    async def test_one_name_is_given_once(self, storage: Storage) -> None:
        people = [await storage.profiles.create(DEFAULT, name, {}) for name in "ABCDEF"]
        renamed = await asyncio.gather(
            *(refused(storage.profiles.update(DEFAULT, person.id, "Ann"), NameTaken) for person in people)
        )
        assert renamed.count(None) == 5


class TestDeleting:
    async def test_one_face_deleted_many_times_goes_once(self, storage: Storage) -> None:
        ann, _ = await enrol(storage.faces, ("Ann", at(0)), ("Ann", at(1)))
        gone = await asyncio.gather(*(storage.faces.delete(DEFAULT, ann.id) for _ in range(8)))
        assert [one for one in gone if one] == [Removed(people=0, faces=1)]

    async def test_all_faces_deleted_at_once_leave_no_profile(self, storage: Storage) -> None:
        faces = await enrol(storage.faces, *(("Ann", at(i)) for i in range(8)))
        assert all(await asyncio.gather(*(storage.faces.delete(DEFAULT, face.id) for face in faces)))
        assert await storage.profiles.list(ProfileFilter(), 10) == []

    async def test_adding_beside_deleting_the_last_face_loses_nothing(self, storage: Storage) -> None:
        for turn in range(TURNS):
            (old,) = await enrol(storage.faces, ("Ann", at(0)))
            added, gone = await asyncio.gather(
                storage.faces.add(new("Ann", at(turn))), storage.faces.delete(DEFAULT, old.id)
            )
            assert gone
            assert await storage.faces.list(FaceFilter(name="Ann"), 10) == [added.face]
            await storage.faces.delete(DEFAULT, added.face.id)

    async def test_adding_to_a_person_who_is_deleted(self, storage: Storage) -> None:
        for _ in range(TURNS):
            (ann,) = await enrol(storage.faces, ("Ann", at(0)))
            _, gone = await asyncio.gather(
                refused(storage.faces.add(by_id(ann.profile_id, 1)), ProfileNotFound),
                storage.profiles.delete(DEFAULT, ann.profile_id),
            )
            assert gone
            assert await storage.faces.list(EVERYTHING, 10) == []

    async def test_adding_to_a_collection_that_is_deleted_leaves_nothing(self, storage: Storage) -> None:
        for turn in range(TURNS):
            await storage.collections.create("staff")
            await enrol(storage.faces, ("Ann", at(0)), collection="staff")
            actions = [
                refused(storage.faces.add(new(f"{i % 3}", at(i), "staff")), CollectionNotFound)
                for i in range(6)
            ]
            actions.insert(turn % 6, storage.collections.delete("staff"))  # type: ignore[arg-type]
            await asyncio.gather(*actions)
            assert await storage.collections.get("staff") is None
            await storage.collections.create("staff")
            assert await storage.faces.list(FaceFilter("staff"), 10) == []
            assert await storage.profiles.list(ProfileFilter("staff"), 10) == []
            await storage.collections.delete("staff")

    async def test_everything_in_a_collection_that_is_deleted(self, storage: Storage) -> None:
        for _ in range(TURNS):
            await storage.collections.create("staff")
            ann, bob, cem = await enrol(
                storage.faces, ("Ann", at(0)), ("Bob", at(1)), ("Cem", at(2)), collection="staff"
            )
            await asyncio.gather(
                storage.faces.delete("staff", ann.id),
                refused(storage.profiles.merge("staff", bob.profile_id, cem.profile_id), ProfileNotFound),
                refused(storage.faces.move("staff", cem.id, bob.profile_id), ProfileNotFound),
                storage.collections.delete("staff"),
            )
            assert await storage.collections.get("staff") is None


class TestMerging:
    async def test_adding_to_a_person_who_is_merged_loses_nothing(self, storage: Storage) -> None:
        for turn in range(TURNS):
            ann, bob = await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(10)))
            await asyncio.gather(
                *(storage.faces.add(new("Ann", at(i))) for i in range(1, 1 + turn % 4)),
                storage.profiles.merge(DEFAULT, ann.profile_id, bob.profile_id),
            )
            people = await storage.profiles.list(ProfileFilter(), 10)
            assert sum(person.faces for person in people) == 2 + turn % 4
            assert ann.profile_id not in await owners(storage)
            for person in people:
                await storage.profiles.delete(DEFAULT, person.id)

    async def test_both_ways_at_once_one_stays(self, storage: Storage) -> None:
        for _ in range(TURNS):
            ann, bob = await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(10)))
            merged = await asyncio.gather(
                *(
                    refused(storage.profiles.merge(DEFAULT, source, target), ProfileNotFound)
                    for source, target in itertools.permutations([ann.profile_id, bob.profile_id])
                )
            )
            assert merged.count(None) == 1
            (person,) = await storage.profiles.list(ProfileFilter(), 10)
            assert person.faces == 2
            await storage.profiles.delete(DEFAULT, person.id)

    async def test_a_ring_comes_to_an_end(self, storage: Storage) -> None:
        faces = await enrol(storage.faces, *((name, at(0)) for name in "ABCDE"))
        people = [face.profile_id for face in faces]
        await asyncio.gather(
            *(
                refused(storage.profiles.merge(DEFAULT, one, two), ProfileNotFound)
                for one, two in zip(people, [*people[1:], people[0]], strict=True)
            )
        )
        assert len(await owners(storage)) == 5


class TestMoving:
    async def test_two_people_who_swap_faces_stay(self, storage: Storage) -> None:
        for _ in range(TURNS):
            ann, bob = await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(10)))
            await asyncio.gather(
                refused(storage.faces.move(DEFAULT, ann.id, bob.profile_id), ProfileNotFound),
                refused(storage.faces.move(DEFAULT, bob.id, ann.profile_id), ProfileNotFound),
            )
            faces = await storage.faces.list(EVERYTHING, 10)
            assert len(faces) == 2
            await asyncio.gather(*(storage.faces.delete(DEFAULT, face.id) for face in faces))
            assert await storage.profiles.list(ProfileFilter(), 10) == []

    async def test_one_face_to_many_people_is_somebodys(self, storage: Storage) -> None:
        face, *others = await enrol(storage.faces, *((name, at(0)) for name in "ABCDEF"))
        moved = await asyncio.gather(
            *(storage.faces.move(DEFAULT, face.id, other.profile_id) for other in others)
        )
        assert None not in moved
        assert len(await owners(storage)) == 6
        assert face.profile_id not in await owners(storage)

    async def test_beside_deleting_the_face(self, storage: Storage) -> None:
        for _ in range(TURNS):
            ann, bob = await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(10)))
            _, gone = await asyncio.gather(
                storage.faces.move(DEFAULT, ann.id, bob.profile_id),
                storage.faces.delete(DEFAULT, ann.id),
            )
            assert gone
            assert await storage.faces.list(EVERYTHING, 10) == [bob]
            await storage.profiles.delete(DEFAULT, bob.profile_id)

    async def test_a_last_face_that_is_moved_and_deleted_leaves_nobody(self, storage: Storage) -> None:
        for _ in range(2 * TURNS):
            (ann,) = await enrol(storage.faces, ("Ann", at(0)))
            bob = await storage.profiles.create(DEFAULT, "Bob", {})
            moved, gone = await asyncio.gather(
                storage.faces.move(DEFAULT, ann.id, bob.id), storage.faces.delete(DEFAULT, ann.id)
            )
            assert gone
            # Bob stays as he was made if the face never was his.
            left = [person.id for person in await storage.profiles.list(ProfileFilter(), 10)]
            assert left == ([bob.id] if moved is None else [])
            await storage.profiles.delete(DEFAULT, bob.id)

    async def test_beside_merging_and_adding(self, storage: Storage) -> None:
        for _ in range(TURNS):
            ann, bob, cem = await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(10)), ("Cem", at(20)))
            added, *_ = await asyncio.gather(
                refused(storage.faces.add(by_id(bob.profile_id, 5)), ProfileNotFound),
                refused(storage.faces.move(DEFAULT, ann.id, bob.profile_id), ProfileNotFound),
                refused(storage.profiles.merge(DEFAULT, bob.profile_id, cem.profile_id), ProfileNotFound),
                storage.faces.move(DEFAULT, ann.id, cem.profile_id),
            )
            assert len(await owners(storage)) == (3 if added is None else 4)
            people = await storage.profiles.list(ProfileFilter(), 10)
            assert all(person.faces for person in people)
            for person in people:
                await storage.profiles.delete(DEFAULT, person.id)


async def test_searches_beside_changes_find_whom_they_should(storage: Storage) -> None:
    await enrol(storage.faces, ("Ann", at(0)))

    async def come_and_go(i: int) -> None:
        for _ in range(10):
            face = (await storage.faces.add(new(f"other {i}", at(90 + i)))).face
            await storage.faces.delete(DEFAULT, face.id)

    async def search_again() -> None:
        for _ in range(20):
            assert names(await search(storage, at(1), 1)) == ["Ann"]
            found = await search(storage, at(1), 4)
            assert len(found.candidates) == found.searched

    await asyncio.gather(*(come_and_go(i) for i in range(3)), *(search_again() for _ in range(3)))


@pytest.mark.parametrize("people", [2, 3])
async def test_no_race_leaves_an_empty_profile(pgvector: Storage, engine: AsyncEngine, people: int) -> None:
    async def come_and_go(i: int) -> None:
        for turn in range(TURNS):
            face = (await pgvector.faces.add(new(f"person {turn % people}", at(i)))).face
            await wander(face, i + turn)
            await pgvector.faces.delete(DEFAULT, face.id)

    async def wander(face: Face, turn: int) -> None:
        others = await pgvector.profiles.list(ProfileFilter(), people)
        if others:
            other = others[turn % len(others)].id
            if turn % 3:
                await refused(pgvector.faces.move(DEFAULT, face.id, other), ProfileNotFound)
            else:
                await refused(pgvector.profiles.merge(DEFAULT, face.profile_id, other), ProfileNotFound)

    await asyncio.gather(*(come_and_go(i) for i in range(6)))
    async with engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(profile)) == 0
