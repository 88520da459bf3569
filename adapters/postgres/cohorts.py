"""CohortRepository on PostgreSQL. A cohort is stored as the ids of its faces, not as their embeddings."""

from collections.abc import Sequence
from itertools import repeat

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from adapters.postgres.compiled_statement import DriverRow
from adapters.postgres.database import PostgresAdapter
from adapters.postgres.rows import storable
from adapters.postgres.statements import cohorts as statements
from application.ports.cohorts import CohortRepository, StoredCohort
from domain.errors import StorageFull
from domain.impostors import COHORT_SIZE, Cohort


class PostgresCohorts(PostgresAdapter, CohortRepository):
    """One round trip per call."""

    @override
    async def load(
        self, collection: str, model: str, known: StoredCohort | None = None
    ) -> StoredCohort | None:
        if not storable(collection, model):
            return None
        parameters = {
            "within": collection,
            "model": model,
            "known": None if known is None else known.version,
            "known_faces": None if known is None else len(known.cohort.vectors),
        }
        for row in await self._database.fetch(statements.LOAD, parameters):
            if row.vectors is None and known is not None:
                return StoredCohort(row.version, row.age, known.cohort)
            return self._stored(row, model)
        return None

    @override
    async def draw(self, collection: str, model: str) -> StoredCohort | None:
        if not storable(collection, model):
            return None
        parameters = {"within": collection, "model": model, "most": COHORT_SIZE}
        try:
            self._database.disk_space.require(adds=False)
            rows = await self._database.fetch(statements.DRAW, parameters)
        except StorageFull:
            rows = await self._database.fetch(statements.DRAW_UNSTORED, parameters)
        for row in rows:
            return self._stored(row, model)
        return None

    def _stored(self, row: DriverRow, model: str) -> StoredCohort:
        columns = self._database.columns
        vectors = [
            columns.vector(*face) for face in zip(row.members, repeat(model), row.vectors, strict=False)
        ]
        return StoredCohort(row.version, row.age, Cohort.of(row.people, _matrix(vectors)))


def _matrix(vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """M x D, of the vectors that are as long as the first; 0 x 0 without vectors."""
    if not vectors:
        return np.empty((0, 0), dtype=np.float32)
    return np.stack([each for each in vectors if len(each) == len(vectors[0])])
