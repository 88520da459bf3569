"""Archive on PostgreSQL with pgvector."""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeAlias, TypeVar, TypeVarTuple

import numpy as np
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.selectable import TypedReturnsRows
from typing_extensions import override

from adapters.postgres.database import Database, Parameters
from adapters.postgres.rows import sent
from adapters.postgres.sealed_columns import SealedColumns
from adapters.postgres.statements import archive as statements
from adapters.postgres.statements.common import HOLD_COLLECTION
from adapters.postgres.stored_people import Snapshot, StoredRows
from application.ports.archive import (
    Archive,
    ArchiveId,
    ArchiveIds,
    FaceToRestore,
    PersonToRestore,
    Restored,
    StoredPeople,
)
from domain.errors import CollectionNotFound, InvalidEmbedding, ProfileNotFound
from domain.people import FaceId, ProfileId

T = TypeVar("T")
_Columns = TypeVarTuple("_Columns")

_Content: TypeAlias = tuple[ProfileId, str, str, bytes]
"""What identifies a face: its person, its models, and its photo's digest or else its embedding."""


class PgVectorArchive(StoredRows, Archive):
    """Export and import; a restored page is one transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)
        self._columns = self._database.columns

    @override
    async def _rows(
        self, statement: TypedReturnsRows[*_Columns], parameters: Parameters
    ) -> Sequence[Row[*_Columns]]:
        return await self._database.read(statement, parameters)

    @override
    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[StoredPeople]:
        async with self._database.snapshot() as connection:
            yield Snapshot(connection, self._columns)

    @override
    async def keep_ids(self, ids: ArchiveIds) -> bool:
        async with self._database.transaction(adds=True) as connection:
            if not await connection.scalar(statements.ANY_PERSON):
                await connection.execute(statements.LOCK_AGAINST_WRITES)
                if not await connection.scalar(statements.ANY_PERSON):
                    await connection.execute(statements.DELETE_ARCHIVE)
                    await connection.execute(statements.SET_ARCHIVE, {"new": ids.archive})
                    greatest = {"people": ids.greatest_profile_id, "faces": ids.greatest_face_id}
                    await connection.execute(statements.RESERVE_IDS, greatest)
            return await connection.scalar(statements.ARCHIVE_WITH_IDS) == ids.archive

    @override
    async def restore_people(
        self, collection: str, people: Sequence[PersonToRestore], *, keep_ids: bool
    ) -> list[Restored[ProfileId]]:
        restored: dict[int, Restored[ProfileId]] = {}
        async with self._database.transaction(adds=True) as connection:
            if await connection.scalar(statements.LOCK_FOR_PEOPLE, {"within": collection}) is None:
                raise CollectionNotFound
            for with_ids in _passes(keep_ids=keep_ids):
                rest = _without(people, restored)
                restored |= await _restore_people(connection, collection, rest, with_ids=with_ids)
        return [restored[place] for place in range(len(people))]

    @override
    async def restore_faces(
        self,
        collection: str,
        faces: Sequence[FaceToRestore],
        owners: Sequence[ProfileId],
        *,
        keep_ids: bool,
    ) -> list[Restored[FaceId]]:
        restored: dict[int, Restored[FaceId]] = {}
        owned = list(map(_OwnedFace, faces, owners))
        async with self._database.transaction(adds=True) as connection:
            if await connection.scalar(HOLD_COLLECTION, {"within": collection}) is None:
                raise CollectionNotFound
            # No constraint makes equal embeddings one face: nobody else may enrol them meanwhile.
            exclusive = not keep_ids and any(face.digest is None for face in faces)
            people = {"within": collection, "ids": sorted(set(owners))}
            locked = await connection.scalars(statements.LOCK_OWNERS[exclusive], people)
            if set(owners).difference(locked.all()):
                raise ProfileNotFound
            await _check_lengths(connection, collection, faces)
            for with_ids in _passes(keep_ids=keep_ids):
                rest = _without(owned, restored)
                restored |= await _restore_faces(
                    connection, self._columns, collection, rest, with_ids=with_ids
                )
        return [restored[place] for place in range(len(faces))]


def _passes(*, keep_ids: bool) -> tuple[bool, ...]:
    """With ids and then without: an id may be taken after all, in another collection."""
    return (True, False) if keep_ids else (False,)


def _without(
    items: Sequence[T], done: dict[int, Restored[ProfileId]] | dict[int, Restored[FaceId]]
) -> dict[int, T]:
    return {place: item for place, item in enumerate(items) if place not in done}


async def _restore_people(
    connection: AsyncConnection, collection: str, people: dict[int, PersonToRestore], *, with_ids: bool
) -> dict[int, Restored[ProfileId]]:
    """By place in the page; people whose id is taken are left out."""
    found = await _existing_people(connection, collection, people, with_ids=with_ids)
    missing = {place: person for place, person in people.items() if place not in found}
    created: set[ProfileId] = set()
    if missing:
        parameters = {
            "within": collection,
            "ids": [person.id if with_ids else None for person in missing.values()],
            "names": [person.name for person in missing.values()],
            "about": [json.dumps(dict(person.metadata)) for person in missing.values()],
            "times": [person.created_at for person in missing.values()],
        }
        statement = statements.RESTORE_PEOPLE_WITH_IDS if with_ids else statements.RESTORE_PEOPLE
        created.update((await connection.scalars(statement, parameters)).all())
        found |= await _existing_people(connection, collection, missing, with_ids=with_ids)
    return {place: Restored(here, here in created) for place, here in found.items()}


async def _existing_people(
    connection: AsyncConnection, collection: str, people: dict[int, PersonToRestore], *, with_ids: bool
) -> dict[int, ProfileId]:
    parameters = {
        "within": collection,
        "ids": [person.id for person in people.values()] if with_ids else [],
        "names": [person.name for person in people.values()],
    }
    rows = (await connection.execute(statements.SAME_PEOPLE, parameters)).all()
    by_name = {name: profile_id for profile_id, name in rows}
    by_id: dict[ArchiveId, ProfileId] = {profile_id: profile_id for profile_id, _ in rows} if with_ids else {}
    found = {place: by_id.get(each.id, by_name.get(each.name)) for place, each in people.items()}
    return {place: here for place, here in found.items() if here is not None}


class _OwnedFace(NamedTuple):
    """A face to restore and its person in the database."""

    face: FaceToRestore
    owner: ProfileId

    @property
    def content(self) -> _Content:
        embedding = self.face.embedding
        source = self.face.digest or sent(embedding.vector)
        return self.owner, embedding.model, self.face.detection_model, source


async def _check_lengths(
    connection: AsyncConnection, collection: str, faces: Sequence[FaceToRestore]
) -> None:
    enrolled: dict[str, int | None] = {}
    for face in faces:
        length, model = len(face.embedding.vector), face.embedding.model
        if model not in enrolled:
            enrolled[model] = await connection.scalar(
                statements.DIMENSIONS, {"within": collection, "model": model}
            )
        if (enrolled[model] or length) != length:
            raise InvalidEmbedding.of_length(length, model)
        enrolled[model] = length


async def _restore_faces(
    connection: AsyncConnection,
    columns: SealedColumns,
    collection: str,
    faces: dict[int, _OwnedFace],
    *,
    with_ids: bool,
) -> dict[int, Restored[FaceId]]:
    """By place in the page; faces whose id is taken are left out."""
    found = await _existing_faces(connection, columns, collection, faces, with_ids=with_ids)
    restored = {place: Restored(here, created=False) for place, here in found.items()}
    missing = {place: face for place, face in faces.items() if place not in found}
    if not missing:
        return restored
    # Equal contents are one face, unless each has an id.
    new: dict[object, _OwnedFace] = {}
    for place, face in missing.items():
        new.setdefault(place if with_ids else face.content, face)
    ids = await _ids(connection, new.values(), with_ids=with_ids)
    parameters = _parameters(columns, collection, ids, new.values())
    restoring = statements.RESTORE_FACES[columns.seals]
    stored = set((await connection.scalars(restoring, parameters)).all())
    here = {key: face_id for key, face_id in zip(new, ids, strict=True) if face_id in stored}
    keys = {place: place if with_ids else face.content for place, face in missing.items()}
    # Somebody else was faster with these, or has their ids.
    others = {place: face for place, face in missing.items() if keys[place] not in here}
    elsewhere = await _existing_faces(connection, columns, collection, others, with_ids=with_ids)
    for place, face_id in elsewhere.items():
        restored[place] = Restored(face_id, created=False)
    created: dict[FaceId, _OwnedFace] = {}
    for place, key in keys.items():
        if key in here:
            restored[place] = Restored(here[key], created=here[key] not in created)
            created.setdefault(here[key], missing[place])
    crops = [
        {"face": face_id, "crop": columns.sealed_crop(face_id, face.crop) if columns.seals else face.crop}
        for face_id, (face, _) in created.items()
        if face.crop
    ]
    if crops:
        await connection.execute(statements.RESTORE_CROP[columns.seals], crops)
    return restored


async def _ids(connection: AsyncConnection, faces: Collection[_OwnedFace], *, with_ids: bool) -> list[FaceId]:
    """The faces' own, or the next ones."""
    if with_ids:
        return [FaceId(int(face.id)) for face, _ in faces]
    return list((await connection.scalars(statements.NEW_IDS, {"count": len(faces)})).all())


async def _existing_faces(
    connection: AsyncConnection,
    columns: SealedColumns,
    collection: str,
    faces: dict[int, _OwnedFace],
    *,
    with_ids: bool,
) -> dict[int, FaceId]:
    if not faces:
        return {}
    by_id: dict[ArchiveId, FaceId] = {}
    if with_ids:
        ids = {"within": collection, "ids": [face.id for face, _ in faces.values()]}
        by_id = {here: here for here in await connection.scalars(statements.FACES_BY_ID, ids)}
    photographed = [each for each in faces.values() if each.face.digest]
    # With ids, equal embeddings are different faces.
    bare = [] if with_ids else [each for each in faces.values() if not each.face.digest]
    parameters = {
        "photographed": [owner for _, owner in photographed],
        "digests": [face.digest for face, _ in photographed],
        "people": [owner for _, owner in bare],
        "vectors": [sent(face.embedding.vector) for face, _ in bare],
    }
    by_content: dict[_Content, FaceId] = {}
    for face_id, owner, model, detector, source in await connection.execute(
        statements.SAME_FACES, parameters
    ):
        by_content.setdefault((owner, model, detector, source), face_id)
    if bare and columns.seals:
        # Equal embeddings are sealed differently: they are opened to be compared.
        people = {"people": sorted({owner for _, owner in bare})}
        for face_id, owner, model, detector, sealed in await connection.execute(
            statements.SEALED_FACES, people
        ):
            source = sent(columns.vector(face_id, model, sealed))
            by_content.setdefault((owner, model, detector, source), face_id)
    found = {place: by_id.get(each.face.id, by_content.get(each.content)) for place, each in faces.items()}
    return {place: here for place, here in found.items() if here is not None}


def _parameters(
    columns: SealedColumns, collection: str, ids: Sequence[FaceId], faces: Collection[_OwnedFace]
) -> Parameters:
    embeddings = [face.embedding for face, _ in faces]
    vectors: dict[str, object]
    if columns.seals:
        numbered = zip(ids, embeddings, strict=True)
        vectors = {
            "sealed": [columns.sealed_vector(here, each.model, each.vector) for here, each in numbered]
        }
    else:
        vectors = {
            "numbers": np.concatenate([each.vector for each in embeddings]).tolist(),
            "dimensions": [len(each.vector) for each in embeddings],
        }
    return {
        **vectors,
        "within": collection,
        "ids": ids,
        "people": [owner for _, owner in faces],
        "models": [each.model for each in embeddings],
        "detectors": [face.detection_model for face, _ in faces],
        "digests": [face.digest for face, _ in faces],
        "norms": [each.norm for each in embeddings],
        "times": [face.created_at for face, _ in faces],
    }
