"""Gallery on PostgreSQL with pgvector; exact (docs/decisions/0003-exact-search.md)."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.database import FILTER_LIMIT_MS, Database, Parameters
from adapters.postgres.query import Query, Record
from adapters.postgres.rows import given, storable, vector
from adapters.postgres.statements.search import BY_ALL_PEOPLE, BY_NEAREST_FACES, FACES_OF_PERSON
from application.ports.gallery import Found
from domain.errors import CollectionNotFound, InvalidEmbedding
from domain.faces import Embedding
from domain.identification import Candidate
from domain.metadata import Metadata
from domain.people import Face, FaceId, ProfileId

_Stored: TypeAlias = tuple[Face, NDArray[np.float32], float | None]

_CANDIDATES = 16
"""So many faces a wanted person are looked at before the search goes through all by person."""


class PgVectorGallery:
    """Implements Gallery: one round trip, or two when a few people have all of the nearest faces."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def search(
        self, probe: Embedding, collection: str, people: int, metadata: Metadata | None = None
    ) -> Found:
        """See Gallery.search."""
        wanted = max(0, people)
        parameters = {
            **given(probe),
            "within": collection,
            "limit": wanted,
            # The nearest face is the nearest person's; for more people, some faces will be of the same.
            "candidates": wanted if wanted == 1 else wanted * _CANDIDATES,
            **({"about": metadata} if metadata else {}),
        }
        filtered = bool(metadata)
        found = await self._found(BY_NEAREST_FACES[filtered], parameters, probe)
        if len(found.candidates) < min(wanted, found.searched):
            del parameters["candidates"]
            found = await self._found(BY_ALL_PEOPLE[filtered], parameters, probe)
        return found

    async def person(self, model: str, collection: str, profile_id: ProfileId) -> Candidate | None:
        """See Gallery.person."""
        if not storable(model):
            return None
        parameters = {"model": model, "within": collection, "profile": profile_id}
        rows = await self._database.fetch(FACES_OF_PERSON, parameters)
        if not rows:
            return None
        return candidate(
            [(face(row, collection, model), vector(row.vector), row.embedding_norm) for row in rows]
        )

    async def _found(self, query: Query, parameters: Parameters, probe: Embedding) -> Found:
        limit = FILTER_LIMIT_MS if "about" in parameters else None
        rows = await self._database.fetch(query, parameters, limit)
        known, dimensions, searched, *_ = rows[0]
        if not known:
            raise CollectionNotFound
        if dimensions not in {None, len(probe.vector)}:
            raise InvalidEmbedding.of_length(len(probe.vector), probe.model)
        faces: dict[ProfileId, list[_Stored]] = {}
        nearest: dict[ProfileId, tuple[float, FaceId]] = {}
        for row in rows:
            if row.id is not None:
                found = face(row, str(parameters["within"]), probe.model)
                faces.setdefault(found.profile_id, []).append((found, vector(row.vector), row.embedding_norm))
                distance = (row.distance, found.id)
                nearest[found.profile_id] = min(nearest.get(found.profile_id, distance), distance)
        return Found(
            searched, [candidate(faces[person]) for person in sorted(nearest, key=nearest.__getitem__)]
        )


def face(row: Record, collection: str, model: str) -> Face:
    """Of a row with its id, its person's id and name, and its detector."""
    return Face(row.id, row.profile_id, row.name, model, row.detection_model, collection)


def candidate(faces: Sequence[_Stored]) -> Candidate:
    """One person, of all their faces."""
    enrolled, vectors, norms = zip(*faces, strict=True)
    first: Face = enrolled[0]
    return Candidate(first.profile_id, first.name, enrolled, np.array(vectors), norms)
