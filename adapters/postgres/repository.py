"""EmbeddingRepository on PostgreSQL with pgvector."""

from collections.abc import Sequence

from sqlalchemy import Boolean, Row, String, func, select
from typing_extensions import override

from adapters.postgres.database import READ_ONLY, Parameters, PostgresAdapter
from adapters.postgres.rows import given, storable
from adapters.postgres.statements import faces as statements
from adapters.postgres.statements.enrolment import (
    ENROL_BY_ID,
    ENROL_BY_NAME,
    LOCK_FOR_WRITES,
    NEW_ID,
    Outcome,
)
from adapters.postgres.statements.people import LOCK_PEOPLE
from adapters.postgres.tables import face
from application.ports.faces import EmbeddingRepository, Enrolment, FaceFilter, NewFace
from domain.erasure import Removed
from domain.errors import CollectionNotFound, InvalidEmbedding, ProfileNotFound, StorageFull, Unavailable
from domain.models import ModelChoice
from domain.people import Face, FaceId, ProfileId

_MAY_WRITE = select(
    (func.current_setting("transaction_read_only", type_=String) == "off")
    & func.has_table_privilege(face.name, "INSERT", type_=Boolean)
)


class PgVectorRepository(PostgresAdapter, EmbeddingRepository):
    """Enrolled faces; `add` is one round trip, or a transaction of several where faces are sealed."""

    @override
    async def add(self, face: NewFace) -> Enrolment:
        named = isinstance(face.person, str)
        parameters = {
            **given(face.embedding),
            "within": face.collection,
            "detector": face.detection_model,
            "digest": face.digest,
            "crop": face.crop,
            "person" if named else "profile": face.person,
        }
        statement = (ENROL_BY_NAME if named else ENROL_BY_ID)[self._database.columns.seals]
        if self._database.columns.seals:
            row = await self._add_sealed(face, statement, parameters)
        else:
            (row,) = await self._database.write(statement, parameters, adds=True)
        collection, fits, profile_id, name, face_id, created = row
        model = face.embedding.model
        if collection is None:
            raise CollectionNotFound
        if not fits:
            raise InvalidEmbedding.of_length(len(face.embedding.vector), model)
        if profile_id is None or name is None or face_id is None:
            raise ProfileNotFound
        enrolled = Face(face_id, profile_id, name, model, face.detection_model, face.collection)
        return Enrolment(enrolled, created=bool(created))

    async def _add_sealed(
        self, face: NewFace, statement: Outcome, parameters: Parameters
    ) -> Row[str | None, bool, ProfileId | None, str | None, FaceId | None, bool | None]:
        columns, embedding = self._database.columns, face.embedding
        async with self._database.transaction(adds=True) as connection:
            await connection.execute(LOCK_FOR_WRITES)
            new_id, in_use = (await connection.execute(NEW_ID, {"key": columns.key_id})).one()
            columns.require(in_use=in_use)
            face_id = FaceId(new_id)
            sealed = {
                "face": face_id,
                "sealed": columns.sealed_vector(face_id, embedding.model, embedding.vector),
                "crop": columns.sealed_crop(face_id, face.crop),
            }
            return (await connection.execute(statement, {**parameters, **sealed})).one()

    @override
    async def enrolled(
        self, collection: str, models: ModelChoice, photos: Sequence[tuple[str, bytes]]
    ) -> list[Face | None]:
        possible = [photo for photo in photos if storable(photo[0])]
        parameters = {
            "within": collection,
            "model": models.recognition,
            "detector": models.detection,
            "names": [name for name, _ in possible],
            "digests": [digest for _, digest in possible],
        }
        rows = await self._database.read(statements.ENROLLED, parameters)
        found = {(row.name, row.digest): Face(*row[:-1]) for row in rows}
        return [found.get(photo) for photo in photos]

    @override
    async def get(self, collection: str, face_id: FaceId) -> Face | None:
        rows = await self._database.read(statements.GET, {"within": collection, "face": face_id})
        return next(map(_face, rows), None)

    @override
    async def list(self, where: FaceFilter, limit: int, after: FaceId | None = None) -> list[Face]:
        if not storable(where.name, where.recognition_model):
            return []
        rows = await self._database.read(statements.page(where, after), {"limit": limit})
        return list(map(_face, rows))

    @override
    async def move(self, collection: str, face_id: FaceId, profile_id: ProfileId) -> Face | None:
        this = {"within": collection, "face": face_id}
        while (owner := await self._owner(collection, face_id)) is not None:
            target = {"face": face_id, "profile": profile_id}
            async with self._database.transaction() as connection:
                locked = await connection.scalars(
                    LOCK_PEOPLE, {"within": collection, "people": [owner, profile_id]}
                )
                if profile_id not in locked.all():
                    raise ProfileNotFound
                if await connection.scalar(statements.OWNER, this) != owner:
                    continue
                same = await connection.scalar(statements.SAME_PHOTO, target)
                if same is None:
                    await connection.execute(statements.MOVE, target)
                elif same != face_id:
                    await connection.execute(statements.DELETE, {"face": face_id, "profile": owner})
                    this["face"] = same
                await connection.execute(statements.DELETE_PERSON_WITHOUT_FACES, {"profile": owner})
                return _face((await connection.execute(statements.GET, this)).one())
        return None

    @override
    async def delete(self, collection: str, face_id: FaceId) -> Removed | None:
        while (owner := await self._owner(collection, face_id)) is not None:
            async with self._database.transaction() as connection:
                await connection.execute(LOCK_PEOPLE, {"within": collection, "people": [owner]})
                deleted = await connection.scalar(statements.DELETE, {"face": face_id, "profile": owner})
                people = await connection.execute(statements.DELETE_PERSON_WITHOUT_FACES, {"profile": owner})
            if deleted is not None:
                return Removed(people.rowcount, 1)
        return None

    async def _owner(self, collection: str, face_id: FaceId) -> ProfileId | None:
        """The face's person; to be compared again once the person is locked."""
        rows = await self._database.read(statements.OWNER, {"within": collection, "face": face_id})
        return next((owner for (owner,) in rows), None)

    @override
    async def ping(self) -> None:
        ((may_write,),) = await self._database.read(_MAY_WRITE, {})
        if not may_write:  # as on a standby, to which an address leads after a failure
            raise Unavailable(READ_ONLY)
        if self._database.disk_space.full():
            raise StorageFull


def _face(row: Row[FaceId, ProfileId, str, str, str, str]) -> Face:
    return Face(*row)
