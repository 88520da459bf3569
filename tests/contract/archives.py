"""What Archive exports and restores, as tests compare it."""

import dataclasses
from collections.abc import Sequence
from typing import TypeAlias

from application.ports.archive import ArchivedFace, FaceToRestore, PersonToRestore, Restored
from application.ports.people import ProfileFilter
from domain.people import DEFAULT_COLLECTION as DEFAULT
from domain.people import FaceId, Profile, ProfileId
from tests.contract.storage import Storage

Archived: TypeAlias = tuple[list[Profile], list[ArchivedFace]]


async def archive(storage: Storage) -> Archived:
    people = await storage.profiles.list(ProfileFilter(), 100)
    return people, list(await storage.archive.faces(DEFAULT, 100))


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
    """`people` have all the owners of `faces`."""
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


def same(one: Sequence[ArchivedFace], two: Sequence[ArchivedFace]) -> bool:
    def stored(faces: Sequence[ArchivedFace]) -> list[object]:
        return [(each.face, each.embedding.vector.tobytes(), each.digest, each.crop) for each in faces]

    return stored(one) == stored(two)


def elsewhere(archived: ArchivedFace) -> ArchivedFace:
    return dataclasses.replace(archived, face=dataclasses.replace(archived.face, collection="other"))
