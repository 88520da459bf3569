"""Archive on PostgreSQL with pgvector."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.database import Database, Parameters
from adapters.postgres.rows import other_dimension, sent, vector
from adapters.postgres.statements import archive as statements
from adapters.postgres.statements.common import STAY
from application.ports.archive import (
    ArchivedFace,
    ArchiveId,
    ArchiveIds,
    FaceToRestore,
    PersonToRestore,
    Restored,
)
from domain.errors import CollectionNotFound, ProfileNotFound
from domain.faces import Embedding
from domain.people import Face, FaceId, ProfileId

_Content: TypeAlias = tuple[ProfileId, str, str, bytes]
"""A person, the models, and a photo's digest or an embedding: by what a face is known again."""


class PgVectorArchive:
    """Implements Archive."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def faces(
        self, collection: str, limit: int, after: FaceId | None = None, *, crops: bool = True
    ) -> list[ArchivedFace]:
        """See Archive.faces."""
        page = statements.page(collection, after, crops=crops)
        rows = await self._database.read(page, {"limit": limit})
        return [_archived(row) for row in rows]

    async def keep_ids(self, ids: ArchiveIds) -> bool:
        """See Archive.keep_ids."""
        async with self._database.transaction() as connection:
            if not await connection.scalar(statements.ANYBODY):
                await connection.execute(statements.LET_NOBODY_COME)
                if not await connection.scalar(statements.ANYBODY):
                    await connection.execute(statements.FORGET_ARCHIVE)
                    await connection.execute(statements.KEEP_ARCHIVE, {"kept": ids.archive})
                    greatest = {"people": ids.greatest_profile_id, "faces": ids.greatest_face_id}
                    await connection.execute(statements.RESERVE, greatest)
            return await connection.scalar(statements.KEPT_ARCHIVE) == ids.archive

    async def restore_people(
        self, collection: str, people: Sequence[PersonToRestore], *, keep_ids: bool
    ) -> list[Restored[ProfileId]]:
        """See Archive.restore_people."""
        restored: dict[int, Restored[ProfileId]] = {}
        async with self._database.transaction() as connection:
            if await connection.scalar(statements.LOCK, {"within": collection}) is None:
                raise CollectionNotFound
            # An id that is not free after all is not kept.
            for with_ids in (True, False) if keep_ids else (False,):
                rest = {place: each for place, each in enumerate(people) if place not in restored}
                restored |= await _restore_people(connection, collection, rest, with_ids=with_ids)
        return [restored[place] for place in range(len(people))]

    async def restore_faces(
        self,
        collection: str,
        faces: Sequence[FaceToRestore],
        owners: Sequence[ProfileId],
        *,
        keep_ids: bool,
    ) -> list[Restored[FaceId]]:
        """See Archive.restore_faces."""
        restored: dict[int, Restored[FaceId]] = {}
        owned = list(map(_Owned, faces, owners))
        async with self._database.transaction() as connection:
            if await connection.scalar(STAY, {"within": collection}) is None:
                raise CollectionNotFound
            # Of equal embeddings no constraint says that they are one.
            alone = not keep_ids and any(face.digest is None for face in faces)
            await _lock(connection, collection, owners, alone=alone)
            await _check_dimensions(connection, collection, faces)
            # An id that is not free after all is not kept.
            for with_ids in (True, False) if keep_ids else (False,):
                rest = {place: each for place, each in enumerate(owned) if place not in restored}
                restored |= await _restore_faces(connection, collection, rest, with_ids=with_ids)
        return [restored[place] for place in range(len(faces))]


async def _restore_people(
    connection: AsyncConnection, collection: str, people: dict[int, PersonToRestore], *, with_ids: bool
) -> dict[int, Restored[ProfileId]]:
    """By place; of those whose id is not free, none."""
    there = await _people_there(connection, collection, people, with_ids=with_ids)
    missing = {place: person for place, person in people.items() if place not in there}
    created: set[ProfileId] = set()
    if missing:
        parameters = {
            "within": collection,
            "ids": [person.id if with_ids else None for person in missing.values()],
            "names": [person.name for person in missing.values()],
            "about": [json.dumps(dict(person.metadata)) for person in missing.values()],
        }
        statement = statements.RESTORE_PEOPLE_WITH_IDS if with_ids else statements.RESTORE_PEOPLE
        created.update((await connection.scalars(statement, parameters)).all())
        there |= await _people_there(connection, collection, missing, with_ids=with_ids)
    return {place: Restored(here, here in created) for place, here in there.items()}


async def _people_there(
    connection: AsyncConnection, collection: str, people: dict[int, PersonToRestore], *, with_ids: bool
) -> dict[int, ProfileId]:
    parameters = {
        "within": collection,
        "ids": [person.id for person in people.values()] if with_ids else [],
        "names": [person.name for person in people.values()],
    }
    rows = (await connection.execute(statements.PEOPLE_THERE, parameters)).all()
    by_name = {name: profile_id for profile_id, name in rows}
    by_id: dict[ArchiveId, ProfileId] = {profile_id: profile_id for profile_id, _ in rows} if with_ids else {}
    found = {place: by_id.get(each.id, by_name.get(each.name)) for place, each in people.items()}
    return {place: here for place, here in found.items() if here is not None}


class _Owned(NamedTuple):
    """A face to restore, and whose it is."""

    face: FaceToRestore
    owner: ProfileId

    @property
    def content(self) -> _Content:
        embedding = self.face.embedding
        made_from = self.face.digest or sent(embedding.vector)
        return self.owner, embedding.model, self.face.detection_model, made_from


async def _lock(
    connection: AsyncConnection, collection: str, owners: Sequence[ProfileId], *, alone: bool
) -> None:
    ids = set(owners)
    people = {"within": collection, "ids": sorted(ids)}
    locked = await connection.scalars(statements.LOCK_OWNERS[alone], people)
    if ids.difference(locked.all()):
        raise ProfileNotFound


async def _check_dimensions(
    connection: AsyncConnection, collection: str, faces: Sequence[FaceToRestore]
) -> None:
    enrolled: dict[str, int | None] = {}
    for face in faces:
        model = face.embedding.model
        if model not in enrolled:
            enrolled[model] = await connection.scalar(
                statements.DIMENSIONS, {"within": collection, "model": model}
            )
        dimensions = len(face.embedding.vector)
        if (enrolled[model] or dimensions) != dimensions:
            raise other_dimension(face.embedding)
        enrolled[model] = dimensions


async def _restore_faces(
    connection: AsyncConnection, collection: str, faces: dict[int, _Owned], *, with_ids: bool
) -> dict[int, Restored[FaceId]]:
    """By place; of those whose id is not free, none."""
    there = await _faces_there(connection, collection, faces, with_ids=with_ids)
    restored = {place: Restored(here, created=False) for place, here in there.items()}
    missing = {place: face for place, face in faces.items() if place not in there}
    if not missing:
        return restored
    # The same content twice is one face, unless each has an id.
    new: dict[object, _Owned] = {}
    for place, face in missing.items():
        new.setdefault(place if with_ids else face.content, face)
    statement = statements.RESTORE_FACE_WITH_ID if with_ids else statements.RESTORE_FACE
    await connection.execute(statement, [_parameters(face, collection) for face in new.values()])
    created: dict[FaceId, _Owned] = {}
    for place, here in (await _faces_there(connection, collection, missing, with_ids=with_ids)).items():
        restored[place] = Restored(here, created=here not in created)
        created.setdefault(here, missing[place])
    crops = [{"face": here, "crop": face.crop} for here, (face, _) in created.items() if face.crop]
    if crops:
        await connection.execute(statements.RESTORE_CROP, crops)
    return restored


async def _faces_there(
    connection: AsyncConnection, collection: str, faces: dict[int, _Owned], *, with_ids: bool
) -> dict[int, FaceId]:
    if not faces:
        return {}
    by_id: set[ArchiveId] = set()
    if with_ids:
        ids = {"within": collection, "ids": [face.id for face, _ in faces.values()]}
        by_id.update((await connection.scalars(statements.FACES_THERE, ids)).all())
    parameters = {
        "people": sorted({owner for _, owner in faces.values()}),
        "digests": [face.digest for face, _ in faces.values() if face.digest],
        # Of equal embeddings with ids, each is a face.
        "vectors": [
            sent(face.embedding.vector) for face, _ in faces.values() if not (face.digest or with_ids)
        ],
    }
    alike: dict[_Content, FaceId] = {}
    for face_id, owner, model, detector, digest, stored in await connection.execute(
        statements.FACES_ALIKE, parameters
    ):
        alike.setdefault((owner, model, detector, digest or stored or b""), face_id)
    found = {place: _here(each, by_id, alike) for place, each in faces.items()}
    return {place: here for place, here in found.items() if here is not None}


def _here(owned: _Owned, by_id: Collection[ArchiveId], alike: Mapping[_Content, FaceId]) -> FaceId | None:
    archived = owned.face.id
    return FaceId(archived) if isinstance(archived, int) and archived in by_id else alike.get(owned.content)


def _parameters(owned: _Owned, collection: str) -> Parameters:
    face, owner = owned
    return {
        "face": face.id,
        "profile": owner,
        "within": collection,
        "model": face.embedding.model,
        "detector": face.detection_model,
        "digest": face.digest,
        "vector": face.embedding.vector.tolist(),
        "norm": face.embedding.norm,
    }


def _archived(
    row: Row[FaceId, ProfileId, str, str, str, str, bytes | None, bytes | None, bytes, float | None],
) -> ArchivedFace:
    face_id, profile_id, name, model, detector, collection, digest, crop, stored, norm = row
    face = Face(face_id, profile_id, name, model, detector, collection)
    return ArchivedFace(face, Embedding(vector(stored), face.recognition_model, norm), digest, crop)
