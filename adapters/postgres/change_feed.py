"""GalleryChangeFeed on PostgreSQL (docs/decisions/0006-gallery-index.md)."""

from collections.abc import AsyncIterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from adapters.postgres.compiled_statement import DriverRow
from adapters.postgres.database import Database, Parameters
from adapters.postgres.gallery import candidates
from adapters.postgres.sealed_columns import matching_headers
from adapters.postgres.statements import change_feed as statements
from application.ports.change_feed import (
    NO_SNAPSHOT,
    Changes,
    FaceRows,
    GalleryChangeFeed,
    GalleryKey,
    GalleryReading,
    SnapshotToken,
    UnknownSnapshot,
)
from domain.errors import CollectionNotFound

_PAGE_BYTES = 8 << 20
"""Of vectors on a page."""

_MAX_CHANGES = 1000
"""In one reading, as somebody may be waiting for an answer."""


class PostgresChangeFeed(GalleryChangeFeed):
    """A reading is one statement."""

    def __init__(self, engine: AsyncEngine, max_changes: int = _MAX_CHANGES) -> None:
        self._database = Database(engine)
        self._max_changes = max_changes

    @override
    async def galleries(self) -> Mapping[GalleryKey, int]:
        rows = await self._database.fetch(statements.GALLERIES, {})
        return {GalleryKey(name, model, dimensions): faces for name, model, faces, dimensions in rows}

    @override
    async def snapshot(self) -> SnapshotToken:
        (row,) = await self._database.fetch(statements.SNAPSHOT, {})
        return _token(row)

    @override
    async def pages(self, gallery: GalleryKey, since: SnapshotToken) -> AsyncIterator[Changes]:
        parameters = parameters_of(gallery, since)
        if since != NO_SNAPSHOT:
            ((known,),) = await self._database.fetch(statements.KNOWN, parameters)
            if not known:
                raise UnknownSnapshot
            ((removed,),) = await self._database.fetch(statements.REMOVED, parameters)
            # Before the faces, as some may have come back.
            yield Changes(since, since, face_rows(gallery, [], [], b""), np.array(removed, dtype=np.int64))
        rows = max(1, _PAGE_BYTES // (4 * gallery.dimensions))
        place = {"dimensions": gallery.dimensions, "revision": 0, "after": 0, "limit": rows}
        while True:
            (page,) = await self._database.fetch(statements.PAGE, {**parameters, **place})
            if page.faces is None:
                return
            vectors = await self._database.columns.matrix(page, gallery.model, gallery.dimensions)
            faces = FaceRows(_ids(page.faces), _ids(page.people), vectors)
            yield Changes(since, since, faces, np.zeros(0, dtype=np.int64))
            place |= {"revision": page.revision, "after": page.faces[-1]}

    @override
    async def read(
        self, gallery: GalleryKey, since: SnapshotToken, person_ids: NDArray[np.int64]
    ) -> GalleryReading:
        wanted = {"people": person_ids.tolist(), "limit": self._max_changes + 1}
        rows = await self._database.fetch(statements.READ, {**parameters_of(gallery, since), **wanted})
        first, *found = rows
        if not first.known:
            raise UnknownSnapshot
        if not first.collection_exists:
            raise CollectionNotFound
        fitting, columns = matching_headers(found, gallery.dimensions), self._database.columns
        changes = None
        if max(first.changes, len(first.removed)) <= self._max_changes:
            changed = [row for row in fitting if row.changed]
            vectors = [columns.vector(row.id, gallery.model, row.vector) for row in changed]
            numbers = np.array(vectors, dtype=np.float32).reshape(-1, gallery.dimensions)
            face_ids, people = [row.id for row in changed], [row.profile_id for row in changed]
            # A face that was removed and came back is there; one with another length now has left this gallery.
            removed = {*first.removed, *(row.id for row in found if row.changed)}.difference(face_ids)
            faces = FaceRows(_ids(face_ids), _ids(people), numbers)
            changes = Changes(since, _token(first), faces, np.array([*removed], dtype=np.int64))
        return GalleryReading(changes, candidates(columns, fitting, gallery.collection, gallery.model))

    @override
    async def prune(self) -> None:
        await self._database.change(statements.PRUNE, {})


def _token(row: DriverRow) -> SnapshotToken:
    return f"{row.server} {row.seconds} {row.snapshot}"


def parameters_of(gallery: GalleryKey, since: SnapshotToken) -> Parameters:
    """Those that say which changes are meant."""
    place = {"within": gallery.collection, "model": gallery.model}
    if since == NO_SNAPSHOT:
        return {**place, "since": statements.EMPTY_SNAPSHOT}
    server, seconds, snapshot = since.rsplit(" ", 2)
    return {**place, "server": server, "seconds": float(seconds), "since": snapshot}


def face_rows(gallery: GalleryKey, faces: Sequence[int], people: Sequence[int], vectors: bytes) -> FaceRows:
    """Columns as the server writes them; vectors without pgvector's header."""
    numbers = np.frombuffer(vectors, ">f4").astype(np.float32).reshape(-1, gallery.dimensions)
    return FaceRows(_ids(faces), _ids(people), numbers)


def _ids(column: Sequence[int]) -> NDArray[np.int64]:
    return np.array(column, dtype=np.int64)
