"""EmbeddingRepository on PostgreSQL with pgvector."""

from collections.abc import Sequence

from sqlalchemy import Row, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.database import Database
from adapters.postgres.rows import given, other_dimension, storable
from adapters.postgres.statements import faces as statements
from adapters.postgres.statements.enrolment import ENROL_BY_ID, ENROL_BY_NAME
from adapters.postgres.statements.people import LOCK_PEOPLE
from application.ports.faces import Enrolment, FaceFilter, NewFace
from domain.errors import CollectionNotFound, ProfileNotFound
from domain.models import ModelChoice
from domain.people import Face, FaceId, ProfileId


class PgVectorRepository:
    """Implements EmbeddingRepository; adding is one round trip."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def add(self, face: NewFace) -> Enrolment:
        """See EmbeddingRepository.add."""
        named = isinstance(face.person, str)
        parameters = {
            **given(face.embedding),
            "within": face.collection,
            "detector": face.detection_model,
            "digest": face.digest,
            "crop": face.crop,
            "person" if named else "profile": face.person,
        }
        ((collection, fits, profile_id, name, face_id, created),) = await self._database.write(
            ENROL_BY_NAME if named else ENROL_BY_ID, parameters
        )
        if collection is None:
            raise CollectionNotFound
        if not fits:
            raise other_dimension(face.embedding)
        if profile_id is None or name is None or face_id is None:
            raise ProfileNotFound
        enrolled = Face(
            face_id,
            profile_id,
            name,
            face.embedding.model,
            face.detection_model,
            face.collection,
        )
        return Enrolment(enrolled, created=bool(created))

    async def enrolled(
        self, collection: str, models: ModelChoice, photos: Sequence[tuple[str, bytes]]
    ) -> list[Face | None]:
        """See EmbeddingRepository.enrolled."""
        asked = [photo for photo in photos if storable(photo[0])]
        parameters = {
            "within": collection,
            "model": models.recognition,
            "detector": models.detection,
            "names": [name for name, _ in asked],
            "digests": [digest for _, digest in asked],
        }
        rows = await self._database.read(statements.ENROLLED, parameters)
        found = {}
        for face_id, profile_id, name, *models_and_home, digest in rows:
            found[name, digest] = Face(face_id, profile_id, name, *models_and_home)
        return [found.get(photo) for photo in photos]

    async def get(self, collection: str, face_id: FaceId) -> Face | None:
        """See EmbeddingRepository.get."""
        rows = await self._database.read(statements.GET, {"within": collection, "face": face_id})
        return next((_face(row) for row in rows), None)

    async def list(self, where: FaceFilter, limit: int, after: FaceId | None = None) -> list[Face]:
        """See EmbeddingRepository.list."""
        if not storable(where.name, where.recognition_model):
            return []
        rows = await self._database.read(statements.page(where, after), {"limit": limit})
        return [_face(row) for row in rows]

    async def move(self, collection: str, face_id: FaceId, profile_id: ProfileId) -> Face | None:
        """See EmbeddingRepository.move."""
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
                kept = await connection.scalar(statements.SAME_PHOTO, target)
                if kept is None:
                    await connection.execute(statements.MOVE, target)
                elif kept != face_id:
                    await connection.execute(statements.DELETE, {"face": face_id, "profile": owner})
                    this["face"] = kept
                await connection.execute(statements.DELETE_PERSON_WITHOUT_FACES, {"profile": owner})
                return _face((await connection.execute(statements.GET, this)).one())
        return None

    async def delete(self, collection: str, face_id: FaceId) -> bool:
        """See EmbeddingRepository.delete."""
        while (owner := await self._owner(collection, face_id)) is not None:
            async with self._database.transaction() as connection:
                await connection.execute(LOCK_PEOPLE, {"within": collection, "people": [owner]})
                gone = await connection.scalar(statements.DELETE, {"face": face_id, "profile": owner})
                await connection.execute(statements.DELETE_PERSON_WITHOUT_FACES, {"profile": owner})
            if gone is not None:
                return True
        return False

    async def _owner(self, collection: str, face_id: FaceId) -> ProfileId | None:
        """Whose the face is at this moment: to be looked at again when the person is locked."""
        this = {"within": collection, "face": face_id}
        rows = await self._database.read(statements.OWNER, this)
        return next((owner for (owner,) in rows), None)

    async def ping(self) -> None:
        """See EmbeddingRepository.ping."""
        await self._database.read(select(literal(1)), {})


def _face(row: Row[FaceId, ProfileId, str, str, str, str]) -> Face:
    return Face(*row)
