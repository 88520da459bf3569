"""Archive on PostgreSQL with pgvector."""

import json
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.database import Database
from adapters.postgres.rows import given, other_dimension, uuid, vector
from adapters.postgres.statements import archive as statements
from adapters.postgres.statements.common import STAY
from application.ports.archive import ArchivedFace, Restored
from domain.errors import CollectionNotFound, IdTaken
from domain.faces import Embedding
from domain.people import Face, Profile


class PgVectorArchive:
    """Implements Archive."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def faces(
        self, collection: str, limit: int, after: UUID | None = None, *, crops: bool = True
    ) -> list[ArchivedFace]:
        """See Archive.faces."""
        page = statements.page(collection, after, crops=crops)
        rows = await self._database.read(page, {"limit": limit})
        return [_archived(row) for row in rows]

    async def restore(
        self, collection: str, profiles: Sequence[Profile], faces: Sequence[ArchivedFace]
    ) -> Restored:
        """See Archive.restore."""
        async with self._database.transaction() as connection:
            place = {"within": collection}
            if await connection.scalar(STAY, place) is None:
                raise CollectionNotFound
            people = await _restore_people(connection, collection, profiles)
            await _check_dimensions(connection, collection, faces)
            return Restored(people, await _restore_faces(connection, collection, faces))


async def _restore_people(connection: AsyncConnection, collection: str, profiles: Sequence[Profile]) -> int:
    # In the order of all locks.
    ordered = sorted(profiles, key=lambda person: person.id)
    parameters = {"within": collection, "ids": [person.id for person in ordered]}
    if await connection.scalar(statements.PEOPLE_ELSEWHERE, parameters):
        raise IdTaken
    texts = {
        "names": [person.name for person in ordered],
        "about": [json.dumps(dict(person.metadata)) for person in ordered],
    }
    return len((await connection.execute(statements.RESTORE_PEOPLE, {**parameters, **texts})).all())


async def _check_dimensions(
    connection: AsyncConnection, collection: str, faces: Sequence[ArchivedFace]
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


async def _restore_faces(connection: AsyncConnection, collection: str, faces: Sequence[ArchivedFace]) -> int:
    by_id = {face.face.id: face for face in faces}
    parameters = {"within": collection, "ids": sorted(by_id)}
    if await connection.scalar(statements.FACES_ELSEWHERE, parameters):
        raise IdTaken
    there = set((await connection.scalars(statements.FACES_THERE, parameters)).all())
    # In the order of their people, which they lock.
    rest = [face for face in faces if face.face.id not in there]
    rest.sort(key=lambda face: (face.face.profile_id, face.face.id))
    if rest:
        await connection.execute(statements.RESTORE_FACE, [_parameters(face, collection) for face in rest])
    now = set((await connection.scalars(statements.FACES_THERE, parameters)).all()) - there
    crops = [
        {"face": face.face.id, "crop": face.crop}
        for face in rest
        if face.face.id in now and face.crop is not None
    ]
    if crops:
        await connection.execute(statements.RESTORE_CROP, crops)
    return len(now)


def _parameters(archived: ArchivedFace, collection: str) -> dict[str, object]:
    face = archived.face
    return {
        **given(archived.embedding),
        "within": collection,
        "face": face.id,
        "profile": face.profile_id,
        "detector": face.detection_model,
        "photo": archived.digest,
    }


def _archived(
    row: Row[UUID, UUID, str, str, str, str, bytes | None, bytes | None, bytes],
) -> ArchivedFace:
    face_id, profile_id, name, model, detector, collection, digest, crop, stored = row
    face = Face(uuid(face_id), uuid(profile_id), name, model, detector, collection)
    return ArchivedFace(face, Embedding(vector(stored), model), digest, crop)
