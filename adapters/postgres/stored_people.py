"""Everything that is stored about people, read from PostgreSQL."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVarTuple

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.selectable import TypedReturnsRows
from typing_extensions import override

from adapters.postgres.database import Parameters
from adapters.postgres.sealed_columns import SealedColumns
from adapters.postgres.statements import archive as statements
from application.ports.archive import ArchivedFace, ArchivedPerson, StoredPeople
from domain.faces import Embedding
from domain.people import Face, FaceId, ProfileId

_Columns = TypeVarTuple("_Columns")


class StoredRows(StoredPeople):
    """Reads the tables, wherever `_rows` executes the statements."""

    _columns: SealedColumns

    @abstractmethod
    async def _rows(
        self, statement: TypedReturnsRows[*_Columns], parameters: Parameters
    ) -> Sequence[Row[*_Columns]]:
        """All rows of a statement."""

    @override
    async def collections(self) -> list[str]:
        return [name for (name,) in await self._rows(statements.COLLECTION_NAMES, {})]

    @override
    async def greatest_ids(self) -> tuple[int, int]:
        ((people, faces),) = await self._rows(statements.GREATEST_IDS, {})
        return people, faces

    @override
    async def person(self, collection: str, profile_id: ProfileId) -> ArchivedPerson | None:
        rows = await self._rows(statements.PERSON, {"within": collection, "profile": profile_id})
        return next((ArchivedPerson(*row) for row in rows), None)

    @override
    async def people(
        self, collection: str, limit: int, after: ProfileId | None = None
    ) -> list[ArchivedPerson]:
        place = {"within": collection, "after": after or 0, "limit": limit}
        return [ArchivedPerson(*row) for row in await self._rows(statements.PEOPLE, place)]

    @override
    async def faces(
        self,
        collection: str,
        limit: int,
        after: FaceId | None = None,
        *,
        crops: bool = True,
        profile_id: ProfileId | None = None,
    ) -> list[ArchivedFace]:
        page = statements.page(profile_id, crops=crops)
        place = {"within": collection, "profile": profile_id, "after": after or 0, "limit": limit}
        return [_archived(self._columns, row) for row in await self._rows(page, place)]


class Snapshot(StoredRows):
    """Reads in one transaction, whose first statement determines what it sees."""

    def __init__(self, connection: AsyncConnection, columns: SealedColumns) -> None:
        self._connection = connection
        self._columns = columns

    @override
    async def _rows(
        self, statement: TypedReturnsRows[*_Columns], parameters: Parameters
    ) -> Sequence[Row[*_Columns]]:
        return (await self._connection.execute(statement, parameters)).all()


def _archived(
    columns: SealedColumns,
    row: Row[
        FaceId, ProfileId, str, str, str, str, bytes | None, bytes | None, bytes, float | None, datetime
    ],
) -> ArchivedFace:
    face_id, profile_id, name, model, detector, collection, digest, crop, stored, norm, created_at = row
    face = Face(face_id, profile_id, name, model, detector, collection)
    picture = None if crop is None else columns.crop(face_id, crop)
    vector = columns.vector(face_id, model, stored)
    return ArchivedFace(face, Embedding(vector, model, norm), digest, picture, created_at)
