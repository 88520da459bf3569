"""What Archive promises when its methods run at the same time as others."""

import asyncio

import pytest

from application.ports.archive import ArchiveIds
from application.ports.people import ProfileFilter
from domain.people import DEFAULT_COLLECTION as DEFAULT
from tests.contract.archives import content, restore
from tests.contract.enrolment import EVERYTHING, at, enrol, new
from tests.contract.storage import Storage

TURNS = 15


@pytest.mark.parametrize("keep_ids", [True, False])
async def test_one_archive_restored_many_times_is_there_once(storage: Storage, keep_ids: bool) -> None:  # noqa: FBT001
    await enrol(storage.faces, *((name, at(i)) for i, name in enumerate("ABCABC")))
    people = await storage.profiles.list(ProfileFilter(), 10)
    faces = await storage.archive.faces(DEFAULT, 10)
    for person in people:
        await storage.profiles.delete(DEFAULT, person.id)
    await asyncio.gather(*(restore(storage, people, faces, keep_ids=keep_ids) for _ in range(4)))
    now = await storage.profiles.list(ProfileFilter(), 10)
    assert [(person.name, person.faces) for person in now] == [("A", 2), ("B", 2), ("C", 2)]
    if keep_ids:
        assert now == people
        assert await storage.faces.list(EVERYTHING, 10) == [archived.face for archived in faces]
    else:
        assert content(await storage.archive.faces(DEFAULT, 10)) == content(faces)


async def test_who_comes_while_ids_are_reserved_gets_none_of_them(storage: Storage) -> None:
    kept = 0
    for turn in range(TURNS):
        (last,) = await enrol(storage.faces, ("last", at(0)))
        await storage.profiles.delete(DEFAULT, last.profile_id)
        ids = ArchiveIds(f"{turn}", last.profile_id + 100, last.id + 100)
        reserving = asyncio.create_task(storage.archive.keep_ids(ids))
        # Sooner or later: the last time, when it is done.
        await asyncio.wait([reserving], timeout=turn / 1000 if turn < TURNS - 1 else None)
        coming = [asyncio.create_task(storage.faces.add(new(f"{i}", at(i)))) for i in range(3)]
        faces = [enrolment.face for enrolment in await asyncio.gather(*coming)]
        if await reserving:
            kept += 1
            assert min(face.id for face in faces) > ids.greatest_face_id
            assert min(face.profile_id for face in faces) > ids.greatest_profile_id
        for face in faces:
            await storage.profiles.delete(DEFAULT, face.profile_id)
    assert kept
