"""CropArchive on PostgreSQL."""

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.database import Database
from adapters.postgres.statements import crops as statements
from application.ports.crops import Backlog, StoredCrop
from domain.people import Face, FaceId


class PostgresCrops:
    """Implements CropArchive."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def backlog(self, collection: str, model: str) -> Backlog:
        """See CropArchive.backlog."""
        of = {"within": collection, "model": model}
        ((kept,),) = await self._database.read(statements.KEPT, of)
        ((lost,),) = await self._database.read(statements.LOST, of)
        return Backlog(kept, lost)

    async def pending(
        self, collection: str, model: str, limit: int, after: FaceId | None = None
    ) -> list[StoredCrop]:
        """See CropArchive.pending."""
        rows = await self._database.read(
            statements.page(after), {"within": collection, "model": model, "limit": limit}
        )
        return [
            StoredCrop(Face(face_id, profile_id, *rest), digest, image)
            for face_id, profile_id, *rest, digest, image in rows
        ]
