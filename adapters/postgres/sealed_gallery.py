"""Gallery on PostgreSQL whose embeddings only this process can read."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from adapters.postgres.database import FILTER_LIMIT_MS, Parameters
from adapters.postgres.gallery import PgVectorGallery, candidates
from adapters.postgres.statements import search as statements
from application.ports.gallery import SearchResult
from domain.errors import CollectionNotFound, IndexUnavailable, InvalidEmbedding
from domain.faces import Embedding
from domain.metadata import Metadata

MAX_FACES = 200_000
"""In one search: more take too long, and need an index."""

_PAGE_BYTES = 8 << 20
"""Of vectors on a page."""

_TRIES = 4
"""As somebody found may be deleted before their faces are read."""

_DECIMALS = 6
"""Similarities that agree to so many decimals are ties."""


class SealedGallery(PgVectorGallery):
    """Compares the probe with every face, after opening it: for small galleries, and where there is no index yet."""

    def __init__(self, engine: AsyncEngine, max_faces: int = MAX_FACES) -> None:
        super().__init__(engine)
        self._max_faces = max_faces
        self._large = asyncio.Semaphore(1)
        """Of galleries with more than a page, one is searched at a time: it takes a core for long."""

    @override
    async def search(
        self, probe: Embedding, collection: str, people: int, metadata: Metadata | None = None
    ) -> SearchResult:
        """As the port says; at most MAX_FACES faces.

        Raises:
            IndexUnavailable: there are more.
        """
        filtered = bool(metadata)
        parameters = {
            "within": collection,
            "model": probe.model,
            "dimensions": len(probe.vector),
            **({"about": metadata} if metadata else {}),
        }
        limit = FILTER_LIMIT_MS if filtered else None
        for _ in range(_TRIES):
            (row,) = await self._database.fetch(statements.GALLERY[filtered], parameters, limit)
            if not row.known:
                raise CollectionNotFound
            if row.dimensions not in {None, len(probe.vector)}:
                raise InvalidEmbedding.of_length(len(probe.vector), probe.model)
            if people < 1 or not row.searched:
                return SearchResult(row.searched, [])
            nearest = await self._nearest(probe, parameters, people, limit)
            wanted = nearest.people.tolist()
            rows = await self._database.fetch(statements.FACES_OF_PEOPLE, {**parameters, "people": wanted})
            found = candidates(self._database.columns, rows, collection, probe.model)
            if len(found) == len(wanted):
                break
        return SearchResult(row.searched, [found[person] for person in wanted if person in found])

    async def _nearest(
        self, probe: Embedding, parameters: Parameters, people: int, limit_ms: int | None
    ) -> "_Nearest":
        best, after, read = _NOBODY, 0, 0
        dimensions = len(probe.vector)
        limit = max(1, _PAGE_BYTES // (4 * dimensions))
        statement = statements.FACES_AFTER["about" in parameters]
        async with AsyncExitStack() as stack:
            while True:
                place = {"face": after, "limit": limit}
                (row,) = await self._database.fetch(statement, {**parameters, **place}, limit_ms)
                if row.faces is None:
                    return best
                read += len(row.faces)
                if read > self._max_faces:
                    raise IndexUnavailable
                vectors = await self._database.columns.matrix(row, probe.model, dimensions)
                ids = np.array(row.faces, dtype=np.int64), np.array(row.people, dtype=np.int64)
                best = best.with_page(*ids, np.vecdot(vectors, probe.vector).round(_DECIMALS), people)
                if len(row.faces) < limit:
                    return best
                if not after:
                    await stack.enter_async_context(self._large)
                after = row.faces[-1]


@dataclass(frozen=True, slots=True, eq=False)
class _Nearest:
    """People by descending similarity of their nearest face, ties by that face's id."""

    faces: NDArray[np.int64]
    people: NDArray[np.int64]
    similarities: NDArray[np.float32]

    def with_page(
        self,
        faces: NDArray[np.int64],
        people: NDArray[np.int64],
        similarities: NDArray[np.float32],
        most: int,
    ) -> "_Nearest":
        """These and those of a page, as far as they are among the `most` nearest."""
        faces = np.concatenate([self.faces, faces])
        people = np.concatenate([self.people, people])
        similarities = np.concatenate([self.similarities, similarities])
        order = np.lexsort((faces, -similarities))
        _, first = np.unique(people[order], return_index=True)
        kept = order[np.sort(first)[:most]]
        return _Nearest(faces[kept], people[kept], similarities[kept])


_NOBODY = _Nearest(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))
