"""SharedIndexFeed on PostgreSQL."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from adapters.postgres.change_feed import PostgresChangeFeed, face_rows, parameters_of
from adapters.postgres.statements import shared_index as statements
from application.ports.change_feed import NO_SNAPSHOT, FaceRows, GalleryKey, SnapshotToken
from application.ports.shared_index import Examination, Lease, SharedIndexFeed, Task


class PostgresLease(Lease):
    """An advisory lock, which goes with its connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @override
    async def check(self) -> None:
        await self._connection.execute(statements.STILL_THERE)


class PostgresSharedIndexFeed(PostgresChangeFeed, SharedIndexFeed):
    """Each method but `alone` is one statement."""

    @override
    async def keys(self) -> Sequence[GalleryKey]:
        rows = await self._database.fetch(statements.KEYS, {})
        # Faces may have gone between the walk and the look at one of them.
        return [GalleryKey(*row) for row in rows if row.dimensions is not None]

    @override
    async def size(self, gallery: GalleryKey, at_most: int) -> int:
        parameters = {"within": gallery.collection, "model": gallery.model, "limit": at_most}
        ((faces,),) = await self._database.fetch(statements.SIZE, parameters)
        return int(faces)

    @override
    async def people(self, gallery: GalleryKey) -> int:
        parameters = {"within": gallery.collection, "model": gallery.model}
        ((people,),) = await self._database.fetch(statements.PEOPLE, parameters)
        return int(people)

    @override
    async def faces_after(self, gallery: GalleryKey, after: int, limit: int) -> FaceRows:
        place = {"after": after, "limit": limit, "dimensions": gallery.dimensions}
        parameters = {"within": gallery.collection, "model": gallery.model, **place}
        (page,) = await self._database.fetch(statements.FACES_AFTER, parameters)
        return face_rows(gallery, page.faces or [], page.people or [], page.vectors or b"")

    @override
    async def examine(
        self, gallery: GalleryKey, since: SnapshotToken, face_ids: Collection[int]
    ) -> Examination:
        asked = {"faces": list(face_ids), "dimensions": gallery.dimensions}
        parameters = {**parameters_of(gallery, since or NO_SNAPSHOT), **asked}
        rows = await self._database.fetch(statements.EXAMINE, parameters)
        found = [row for row in rows if row.vector is not None]
        ids, people = [row.id for row in found], [row.profile_id for row in found]
        faces = face_rows(gallery, ids, people, b"".join(row.vector for row in found))
        return Examination(faces, {row.id for row in rows if row.pending})

    @override
    @asynccontextmanager
    async def alone(self, task: Task) -> AsyncIterator[Lease | None]:
        async with self._database.alone(statements.LOCKS[task]) as connection:
            yield None if connection is None else PostgresLease(connection)
