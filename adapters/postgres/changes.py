"""GallerySource on PostgreSQL (docs/decisions/0006-gallery-index.md)."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.compiled_statement import DriverRow
from adapters.postgres.database import Database, Parameters
from adapters.postgres.gallery import candidate, face
from adapters.postgres.rows import vector
from adapters.postgres.statements import changes as statements
from application.ports.index import NEVER, Changes, GalleryKey, IndexRows, Moment
from application.ports.source import MomentUnknown, Reading
from domain.errors import CollectionNotFound
from domain.identification import Candidate

_PAGE_BYTES = 8 << 20
_MOST_CHANGES = 1000
"""More aren't told while somebody waits for an answer."""

_HEADER_BYTES = 4


class PostgresGallerySource:
    """Implements GallerySource."""

    def __init__(self, engine: AsyncEngine, most_changes: int = _MOST_CHANGES) -> None:
        """So many changes, and no more, are told in one reading."""
        self._database = Database(engine)
        self._most = most_changes

    async def galleries(self) -> Mapping[GalleryKey, int]:
        """See GallerySource.galleries."""
        rows = await self._database.read(statements.GALLERIES, {})
        return {GalleryKey(name, model, dimensions): faces for name, model, faces, dimensions in rows}

    async def moment(self) -> Moment:
        """See GallerySource.moment."""
        (row,) = await self._database.read(statements.MOMENT, {})
        return _moment(row)

    async def pages(self, gallery: GalleryKey, since: Moment) -> AsyncIterator[Changes]:
        """See GallerySource.pages."""
        parameters = _parameters(gallery, since)
        if since != NEVER:
            ((known,),) = await self._database.read(statements.KNOWN, parameters)
            if not known:
                raise MomentUnknown
            ((gone,),) = await self._database.read(statements.REMOVED, parameters)
            # First those who went: whoever came back is among the faces.
            yield _changes(since, since, gallery, [], [], b"", gone)
        rows = max(1, _PAGE_BYTES // (4 * gallery.dimensions))
        place = {"dimensions": gallery.dimensions, "revision": 0, "after": 0, "limit": rows}
        while True:
            (page,) = await self._database.read(statements.PAGE, {**parameters, **place})
            if page.faces is None:
                return
            yield _changes(since, since, gallery, page.faces, page.people, page.vectors, [])
            place |= {"revision": page.revision, "after": page.faces[-1]}

    async def read(self, gallery: GalleryKey, since: Moment, people: NDArray[np.int64]) -> Reading:
        """See GallerySource.read."""
        wanted = {"people": people.tolist(), "limit": self._most + 1}
        rows = await self._database.fetch(statements.READ, {**_parameters(gallery, since), **wanted})
        first, *found = rows
        if not first.known:
            raise MomentUnknown
        if not first.there:
            raise CollectionNotFound
        fitting = [row for row in found if len(row.vector) == _HEADER_BYTES + 4 * gallery.dimensions]
        changes = None
        if max(first.changes, len(first.gone)) <= self._most:
            here = [row for row in fitting if row.changed]
            keys = [row.id for row in here]
            # Another length isn't in this index.
            others = {row.id for row in found if row.changed}.difference(keys)
            changes = _changes(
                since,
                _moment(first),
                gallery,
                keys,
                [row.profile_id for row in here],
                b"".join(row.vector[_HEADER_BYTES:] for row in here),
                [*first.gone, *others],
            )
        return Reading(changes, _candidates(fitting, gallery))

    async def prune(self) -> None:
        """See GallerySource.prune."""
        await self._database.change(statements.PRUNE, {})


def _moment(row: DriverRow | Row[*tuple[Any, ...]]) -> Moment:
    return f"{row.server} {row.seconds} {row.snapshot}"


def _parameters(gallery: GalleryKey, since: Moment) -> Parameters:
    place = {"within": gallery.collection, "model": gallery.model}
    if since == NEVER:
        return {**place, "since": statements.NOTHING}
    server, seconds, snapshot = since.rsplit(" ", 2)
    return {**place, "server": server, "seconds": float(seconds), "since": snapshot}


def _changes(
    since: Moment,
    moment: Moment,
    gallery: GalleryKey,
    faces: Sequence[int],
    people: Sequence[int],
    vectors: bytes,
    gone: Iterable[int],
) -> Changes:
    keys = np.array(faces, dtype=np.int64)
    found = np.frombuffer(vectors, ">f4").astype(np.float32).reshape(-1, gallery.dimensions)
    rows = IndexRows(keys, np.array(people, dtype=np.int64), found)
    # A face that left and came back is there.
    removed = np.array([*{*gone}.difference(faces)], dtype=np.int64)
    return Changes(since, moment, rows, removed)


def _candidates(rows: Sequence[DriverRow], gallery: GalleryKey) -> dict[int, Candidate]:
    faces: dict[int, list[Any]] = {}
    for row in rows:
        stored = face(row, gallery.collection, gallery.model), vector(row.vector), row.embedding_norm
        faces.setdefault(row.profile_id, []).append(stored)
    return {person: candidate(theirs) for person, theirs in faces.items()}
