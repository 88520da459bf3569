"""Gallery on PostgreSQL with pgvector; exact (docs/decisions/0003-exact-search.md)."""

from collections.abc import Iterable

import numpy as np
from typing_extensions import override

from adapters.postgres.compiled_statement import CompiledStatement, DriverRow
from adapters.postgres.database import FILTER_LIMIT_MS, Parameters, PostgresAdapter
from adapters.postgres.rows import given, storable
from adapters.postgres.sealed_columns import SealedColumns
from adapters.postgres.statements.search import BY_ALL_PEOPLE, BY_NEAREST_FACES, FACES_OF_PERSON
from application.ports.gallery import Gallery, SearchResult
from domain.errors import CollectionNotFound, InvalidEmbedding, Unavailable
from domain.faces import Embedding
from domain.identification import Candidate
from domain.metadata import Metadata
from domain.people import Face, ProfileId

_FACES_PER_PERSON = 16
"""Nearest faces that are read for each person wanted, before the search goes through all people."""


class PgVectorGallery(PostgresAdapter, Gallery):
    """One round trip, or two when a few people have all of the nearest faces."""

    @override
    async def search(
        self, probe: Embedding, collection: str, people: int, metadata: Metadata | None = None
    ) -> SearchResult:
        wanted = max(0, people)
        parameters = {
            **given(probe),
            "within": collection,
            "limit": wanted,
            # The nearest face is the nearest person's; of more faces, some will be of the same person.
            "candidates": wanted if wanted == 1 else wanted * _FACES_PER_PERSON,
            **({"about": metadata} if metadata else {}),
        }
        filtered = bool(metadata)
        result = await self._search(BY_NEAREST_FACES[filtered], parameters, probe)
        if len(result.candidates) < min(wanted, result.searched):
            del parameters["candidates"]
            result = await self._search(BY_ALL_PEOPLE[filtered], parameters, probe)
        return result

    @override
    async def person(self, model: str, collection: str, profile_id: ProfileId) -> Candidate | None:
        if not storable(model):
            return None
        parameters = {"model": model, "within": collection, "profile": profile_id}
        rows = await self._database.fetch(FACES_OF_PERSON, parameters)
        return candidates(self._database.columns, rows, collection, model).get(profile_id)

    async def _search(
        self, statement: CompiledStatement, parameters: Parameters, probe: Embedding
    ) -> SearchResult:
        limit = FILTER_LIMIT_MS if "about" in parameters else None
        rows = await self._database.fetch(statement, parameters, limit)
        known, dimensions, searched, sealed, *_ = rows[0]
        if not known:
            raise CollectionNotFound
        if sealed:
            raise Unavailable("The faces are encrypted, and this process was started without the key.")
        if dimensions not in {None, len(probe.vector)}:
            raise InvalidEmbedding.of_length(len(probe.vector), probe.model)
        faces = [row for row in rows if row.id is not None]
        found = candidates(self._database.columns, faces, str(parameters["within"]), probe.model)
        nearest = sorted(faces, key=lambda row: (row.distance, row.id))
        return SearchResult(
            searched, [found[person] for person in dict.fromkeys(row.profile_id for row in nearest)]
        )


def candidates(
    columns: SealedColumns, rows: Iterable[DriverRow], collection: str, model: str
) -> dict[int, Candidate]:
    """The people of some rows, by id. A row has a face's id, its person, detector, vector and norm."""
    faces: dict[int, list[DriverRow]] = {}
    for row in rows:
        faces.setdefault(row.profile_id, []).append(row)
    return {person: _candidate(columns, theirs, collection, model) for person, theirs in faces.items()}


def _candidate(columns: SealedColumns, rows: list[DriverRow], collection: str, model: str) -> Candidate:
    faces = tuple(
        Face(row.id, row.profile_id, row.name, model, row.detection_model, collection) for row in rows
    )
    vectors = np.array([columns.vector(row.id, model, row.vector) for row in rows])
    return Candidate(
        faces[0].profile_id, faces[0].name, faces, vectors, tuple(row.embedding_norm for row in rows)
    )
