"""CropArchive on PostgreSQL."""

from typing_extensions import override

from adapters.postgres.database import PostgresAdapter
from adapters.postgres.statements import crops as statements
from application.ports.crops import Backlog, CropArchive, StoredCrop
from domain.people import Face, FaceId


class PostgresCrops(PostgresAdapter, CropArchive):
    """Crops in a table beside their faces."""

    @override
    async def models(self) -> set[str]:
        return {model for (model,) in await self._database.read(statements.MODELS, {})}

    @override
    async def left_behind(self, former: str, model: str) -> Backlog:
        parameters = {"former": former, "model": model}
        ((with_crop, faces),) = await self._database.read(statements.LEFT_BEHIND, parameters)
        return Backlog(with_crop, faces - with_crop)

    @override
    async def backlog(self, collection: str, model: str) -> Backlog:
        parameters = {"within": collection, "model": model}
        ((pending,),) = await self._database.read(statements.PENDING, parameters)
        ((without_crop,),) = await self._database.read(statements.WITHOUT_CROP, parameters)
        return Backlog(pending, without_crop)

    @override
    async def pending(
        self, collection: str, model: str, limit: int, after: FaceId | None = None
    ) -> list[StoredCrop]:
        place = {"after": after or 0, "limit": limit}
        rows = await self._database.read(statements.PAGE, {"within": collection, "model": model, **place})
        return [
            StoredCrop(Face(face_id, profile_id, *rest), digest, self._database.columns.crop(face_id, image))
            for face_id, profile_id, *rest, digest, image in rows
        ]
