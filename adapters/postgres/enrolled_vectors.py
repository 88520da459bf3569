"""EnrolledVectors on PostgreSQL."""

from collections.abc import Mapping, Sequence

import numpy as np
from typing_extensions import override

from adapters.postgres.compiled_statement import CompiledStatement
from adapters.postgres.database import Parameters, PostgresAdapter
from adapters.postgres.rows import storable
from adapters.postgres.statements import enrolled_vectors as statements
from application.ports.change_feed import GalleryKey
from application.ports.enrolled_vectors import EnrolledVectors, FaceTable, Place
from domain.people import FaceId, Profile, ProfileId


class PostgresVectors(PostgresAdapter, EnrolledVectors):
    """One round trip per call."""

    @override
    async def count(self, gallery: GalleryKey) -> int:
        if not storable(gallery.collection, gallery.model):
            return 0
        parameters = {"within": gallery.collection, "model": gallery.model}
        ((faces,),) = await self._database.fetch(statements.COUNT, parameters)
        return int(faces)

    @override
    async def page(self, gallery: GalleryKey, limit: int, after: Place | None = None) -> FaceTable:
        person, face = after or Place(ProfileId(0), FaceId(0))
        return await self._faces(gallery, statements.PAGE, {"person": person, "face": face, "limit": limit})

    @override
    async def of_people(self, gallery: GalleryKey, people: Sequence[ProfileId], most: int) -> FaceTable:
        wanted = {"people": sorted(set(people)), "limit": most}
        return await self._faces(gallery, statements.OF_PEOPLE, wanted)

    @override
    async def profiles(self, collection: str, people: Sequence[ProfileId]) -> Mapping[ProfileId, Profile]:
        if not storable(collection):
            return {}
        parameters = {"within": collection, "people": list(people)}
        rows = await self._database.read(statements.PROFILES, parameters)
        return {row.id: Profile(*row) for row in rows}

    async def _faces(
        self, gallery: GalleryKey, statement: CompiledStatement, parameters: Parameters
    ) -> FaceTable:
        where = {"within": gallery.collection, "model": gallery.model, "dimensions": gallery.dimensions}
        read = storable(gallery.collection, gallery.model)
        rows = await self._database.fetch(statement, {**where, **parameters}) if read else []
        row = next((row for row in rows if row.faces is not None), None)
        if row is None:
            nobody = np.zeros(0, dtype=np.int64)
            vectors = np.zeros((0, gallery.dimensions), dtype=np.float32)
            return FaceTable(nobody, nobody, vectors, np.zeros(0))
        return FaceTable(
            np.array(row.faces, dtype=np.int64),
            np.array(row.people, dtype=np.int64),
            await self._database.columns.matrix(row, gallery.model, gallery.dimensions),
            # A norm that isn't known is None, which becomes NaN.
            np.array(row.norms, dtype=np.float64),
        )
