"""Search by a shared index: it proposes people, and the database says who they are and how near."""

import asyncio
import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from adapters.gallery_index.milvus.connection import IndexMissing
from adapters.gallery_index.milvus.counts import PeopleCounts
from adapters.gallery_index.milvus.view import IndexView, Searchable
from adapters.gallery_index.nearness import nearness
from application.ports.change_feed import GalleryKey, UnknownSnapshot
from application.ports.gallery import Gallery, SearchResult
from application.ports.shared_index import SharedIndexFeed
from domain.errors import IndexUnavailable
from domain.faces import Embedding
from domain.identification import Candidate
from domain.metadata import Metadata
from domain.people import ProfileId

_MORE = 2
"""People who are asked for besides, so that one who was removed a moment ago costs no second search."""

MAX_ROUNDS = 12
"""Searches of the index for one answer, each for twice as many people as the last."""

_MOST_PEOPLE = 1000
"""Asked for in one search."""

_ERROR = 1e-4
"""Of a similarity that the index tells."""

PATIENCE_S = 5.0
"""How long a search waits for an index that is too far behind, where the database can't search alone."""

_PAUSE_S = 0.25


@dataclass(slots=True)
class SharedIndexGallery(Gallery):
    """Answers as the database would alone, given that the index finds the nearest.

    What the index doesn't have yet is read from the database with the people that it proposes, in one statement,
    and compared here. The database searches alone with a metadata filter, small galleries, and what the index can't
    answer as long as the gallery has at most `fallback_faces`.
    """

    database: Gallery
    view: IndexView
    feed: SharedIndexFeed
    counts: PeopleCounts
    min_faces: int
    fallback_faces: int
    _people: dict[GalleryKey, int] = field(default_factory=dict)
    """The number of people at the last search."""

    @override
    async def search(
        self, probe: Embedding, collection: str, people: int, metadata: Metadata | None = None
    ) -> SearchResult:
        if metadata or people < 1:
            return await self.database.search(probe, collection, people, metadata)
        key = GalleryKey(collection, probe.model, len(probe.vector))
        if key not in self._people:
            self._people[key] = await self.feed.size(key, self.min_faces)
        result = None
        if self._people[key] >= self.min_faces:
            result = await self._by_index(key, probe.vector, people)
        if result is None:
            result = await self.database.search(probe, collection, people)
        self._people[key] = result.searched
        return result

    @override
    async def person(self, model: str, collection: str, profile_id: ProfileId) -> Candidate | None:
        return await self.database.person(model, collection, profile_id)

    async def _by_index(
        self, key: GalleryKey, probe: NDArray[np.float32], people: int
    ) -> SearchResult | None:
        """None if the database has to search, and the gallery is small enough for that.

        Raises:
            IndexUnavailable: it is too large.
        """
        patience = time.monotonic() + PATIENCE_S
        while True:
            searchable = self.view.get(key)
            if searchable is not None and searchable.progress.filled:
                result = await self._try(searchable, key, probe, people)
                if result is not None:
                    return result
            if await self.feed.size(key, self.fallback_faces + 1) <= self.fallback_faces:
                return None
            if self.view.get(key) is None or time.monotonic() > patience:
                raise IndexUnavailable
            await asyncio.sleep(_PAUSE_S)

    async def _try(
        self, searchable: Searchable, key: GalleryKey, probe: NDArray[np.float32], people: int
    ) -> SearchResult | None:
        """None if the index can't answer now."""
        counting = asyncio.ensure_future(self.counts.of(key))
        try:
            found = await self._nearest(searchable, key, probe, people)
            # Only the database knows whether a gallery without people has faces of another dimension.
            return SearchResult(await counting, found) if found else None
        except IndexMissing:
            # It was built again, and goes by another name.
            await self._refresh_view()
        except IndexUnavailable:
            self.view.fail()
        except UnknownSnapshot:
            # Whoever follows will find out, and build it again.
            self.view.forget(key)
        finally:
            counting.cancel()
            await asyncio.wait([counting])
            if not counting.cancelled():
                counting.exception()
        return None

    async def _refresh_view(self) -> None:
        try:
            await self.view.refresh()
        except IndexUnavailable:
            self.view.fail()

    async def _nearest(
        self, searchable: Searchable, key: GalleryKey, probe: NDArray[np.float32], people: int
    ) -> list[Candidate] | None:
        """None if more has changed than one statement tells."""
        proposed: list[int] = []
        asked = people + _MORE
        for _ in range(MAX_ROUNDS):
            hits = await searchable.rows.search(key.collection, probe, asked, proposed)
            proposed += hits.person_ids.tolist()
            reading = await self.feed.read(key, searchable.progress.token, np.array(proposed, dtype=np.int64))
            if reading.changes is None:
                return None
            ranked = []
            for candidate in reading.candidates.values():
                similarity, face = nearness(probe, candidate)
                ranked.append((-similarity, face, candidate))
            best = sorted(ranked, key=lambda one: one[:2])[:people]
            # Who was not proposed is no nearer than the last who was, unless by a change that was read.
            if not len(hits.person_ids) or (len(best) == people and -best[-1][0] > hits.least + _ERROR):
                return [candidate for *_, candidate in best]
            asked = min(2 * asked, _MOST_PEOPLE)
        return None
