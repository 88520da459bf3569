"""Archive on PostgreSQL with pgvector."""

import json
from collections.abc import AsyncIterator, Collection, Container, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias, TypeVar, TypeVarTuple

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.selectable import TypedReturnsRows
from typing_extensions import override

from adapters.postgres.database import Database, Parameters
from adapters.postgres.restored_faces import Content, OwnedFace, store_faces
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
_People: TypeAlias = Mapping[int, PersonToRestore]
"""By place in the page."""


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
                rest = _without(dict(enumerate(people)), restored)
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
        owned = dict(enumerate(map(OwnedFace, faces, owners)))
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


def _without(items: Mapping[int, T], done: Container[int]) -> dict[int, T]:
    return {place: item for place, item in items.items() if place not in done}


async def _restore_people(
    connection: AsyncConnection, collection: str, people: _People, *, with_ids: bool
) -> dict[int, Restored[ProfileId]]:
    """By place in the page; people whose id is taken are left out."""
    # Those who are there are left out by the statement, too, but would use up an id that isn't theirs.
    found = {} if with_ids else await _existing_people(connection, collection, people, with_ids=False)
    missing = _without(people, found)
    created: set[ProfileId] = set()
    if missing:
        parameters = {
            "within": collection,
            "ids": [person.id if with_ids else None for person in missing.values()],
            "names": [person.name for person in missing.values()],
            "about": [json.dumps(dict(person.metadata)) for person in missing.values()],
            "times": [person.created_at for person in missing.values()],
        }
        rows = (await connection.execute(statements.RESTORE_PEOPLE[with_ids], parameters)).all()
        created.update(profile_id for profile_id, _ in rows)
        found |= _places(missing, rows, with_ids=with_ids)
        others = _without(missing, found)
        found |= await _existing_people(connection, collection, others, with_ids=with_ids)
    return {place: Restored(here, here in created) for place, here in found.items()}


async def _existing_people(
    connection: AsyncConnection, collection: str, people: _People, *, with_ids: bool
) -> dict[int, ProfileId]:
    if not people:
        return {}
    parameters = {
        "within": collection,
        "ids": [person.id for person in people.values()] if with_ids else [],
        "names": [person.name for person in people.values()],
    }
    rows = (await connection.execute(statements.SAME_PEOPLE, parameters)).all()
    return _places(people, rows, with_ids=with_ids)


def _places(people: _People, rows: Sequence[Row[ProfileId, str]], *, with_ids: bool) -> dict[int, ProfileId]:
    """The ids of people in the database, by place in the page."""
    by_name = {name: profile_id for profile_id, name in rows}
    by_id: dict[ArchiveId, ProfileId] = {profile_id: profile_id for profile_id, _ in rows} if with_ids else {}
    found = {place: by_id.get(each.id, by_name.get(each.name)) for place, each in people.items()}
    return {place: here for place, here in found.items() if here is not None}


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
    faces: dict[int, OwnedFace],
    *,
    with_ids: bool,
) -> dict[int, Restored[FaceId]]:
    """By place in the page; faces whose id is taken are left out."""
    found = await _existing_faces(connection, columns, collection, faces, with_ids=with_ids)
    restored = {place: Restored(here, created=False) for place, here in found.items()}
    missing = _without(faces, found)
    if not missing:
        return restored
    # Equal contents are one face, unless each has an id.
    new: dict[object, OwnedFace] = {}
    for place, face in missing.items():
        new.setdefault(place if with_ids else face.content, face)
    ids = await _ids(connection, new.values(), with_ids=with_ids)
    stored = await store_faces(connection, columns, collection, ids, new.values())
    here = {key: face_id for key, face_id in zip(new, ids, strict=True) if face_id in stored}
    keys = {place: place if with_ids else face.content for place, face in missing.items()}
    # Somebody else was faster with these, or has their ids.
    others = {place: face for place, face in missing.items() if keys[place] not in here}
    elsewhere = await _existing_faces(connection, columns, collection, others, with_ids=with_ids)
    for place, face_id in elsewhere.items():
        restored[place] = Restored(face_id, created=False)
    created: dict[FaceId, OwnedFace] = {}
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


async def _ids(connection: AsyncConnection, faces: Collection[OwnedFace], *, with_ids: bool) -> list[FaceId]:
    """The faces' own, or the next ones."""
    if with_ids:
        return [FaceId(int(face.id)) for face, _ in faces]
    return list((await connection.scalars(statements.NEW_IDS, {"count": len(faces)})).all())


async def _existing_faces(
    connection: AsyncConnection,
    columns: SealedColumns,
    collection: str,
    faces: dict[int, OwnedFace],
    *,
    with_ids: bool,
) -> dict[int, FaceId]:
    if not faces:
        return {}
    by_id: dict[ArchiveId, FaceId] = {}
    if with_ids:
        ids = {"within": collection, "ids": [face.id for face, _ in faces.values()]}
        by_id = {here: here for here in await connection.scalars(statements.FACES_BY_ID, ids)}
    others = [each for each in faces.values() if each.face.id not in by_id]
    photographed = [each for each in others if each.face.digest]
    # With ids, equal embeddings are different faces.
    bare = [] if with_ids else [each for each in others if not each.face.digest]
    by_content: dict[Content, FaceId] = {}
    if photographed or bare:
        parameters = {
            "photographed": [owner for _, owner in photographed],
            "digests": [face.digest for face, _ in photographed],
            "people": [owner for _, owner in bare],
            "vectors": [sent(face.embedding.vector) for face, _ in bare],
        }
        rows = await connection.execute(statements.SAME_FACES, parameters)
        for face_id, owner, model, detector, source in rows:
            by_content.setdefault((owner, model, detector, source), face_id)
    if bare and columns.seals:
        # Equal embeddings are sealed differently: they are opened to be compared.
        people = {"people": sorted({owner for _, owner in bare})}
        sealed_rows = await connection.execute(statements.SEALED_FACES, people)
        for face_id, owner, model, detector, sealed in sealed_rows:
            source = sent(columns.vector(face_id, model, sealed))
            by_content.setdefault((owner, model, detector, source), face_id)

    if not by_id and not by_content:
        return {}

    def here(face: OwnedFace) -> FaceId | None:
        known = by_id.get(face.face.id)
        return by_content.get(face.content) if known is None and by_content else known

    found = {place: here(face) for place, face in faces.items()}
    return {place: here for place, here in found.items() if here is not None}
