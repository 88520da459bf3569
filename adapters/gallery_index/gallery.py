"""Search by an index where a gallery is large enough for one, otherwise by the database."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from typing_extensions import override

from adapters.gallery_index.follower import IndexFollower
from adapters.gallery_index.index import IndexStore, MaintenanceIntervals
from application.background import in_background
from application.ports.change_feed import GalleryChangeFeed, GalleryKey
from application.ports.gallery import Gallery, SearchReadiness, SearchResult
from domain.errors import CollectionNotFound, IndexUnavailable, Unavailable
from domain.faces import Embedding
from domain.identification import Candidate
from domain.metadata import Metadata
from domain.models import current_name
from domain.people import ProfileId

_MAX_FILLING = 1
"""Maximum number of indexes that are filled at once."""

_PRUNE_S = 3600.0
_ASKED_S = 1.0
"""Between two looks for requests to erase what was removed."""

logger = logging.getLogger("face.index")


class IndexedGallery(Gallery, SearchReadiness):
    """Answers as the database would alone, but sooner.

    The database answers itself where a gallery has no index, where its index is not up to date, and searches
    with a metadata filter.
    """

    def __init__(
        self,
        database: Gallery,
        store: IndexStore,
        feed: GalleryChangeFeed,
        min_faces: int,
        intervals: MaintenanceIntervals | None = None,
    ) -> None:
        """Nothing happens before `running`.

        Args:
            database: searches exactly, without an index.
            store: where indexes are kept.
            feed: what they follow.
            min_faces: galleries with fewer faces at the start, or fewer people later, get no index.
            intervals: of the background work.
        """
        self._database = database
        self._store = store
        self._feed = feed
        self._min_faces = min_faces
        self._intervals = intervals or MaintenanceIntervals()
        self._followers: dict[GalleryKey, IndexFollower] = {}
        self._tasks: dict[GalleryKey, asyncio.Task[None]] = {}
        self._filling = asyncio.Semaphore(_MAX_FILLING)
        self._awaited: set[GalleryKey] | None = None
        """Galleries found at the start whose index isn't filled yet; None before they are known."""

    @property
    def filling(self) -> set[GalleryKey]:
        """The galleries whose index can't be searched yet."""
        return {key for key, follower in self._followers.items() if not follower.ready}

    @property
    @override
    def ready(self) -> bool:
        if self._awaited is None:
            return False
        self._awaited &= self.filling
        return not self._awaited

    @override
    async def search(
        self, probe: Embedding, collection: str, people: int, metadata: Metadata | None = None
    ) -> SearchResult:
        if metadata:
            return await self._database.search(probe, collection, people, metadata)
        key = GalleryKey(collection, probe.model, len(probe.vector))
        if follower := self._followers.get(key):
            result = await follower.search(probe.vector, max(1, people))
            # An empty gallery may have got faces of another dimension, which only the database knows.
            if result is not None and result.searched:
                return SearchResult(result.searched, result.candidates[: max(0, people)])
        try:
            result = await self._database.search(probe, collection, people)
        except IndexUnavailable:
            # It can't do without an index, which the next search may have.
            self._follow(key)
            raise
        if result.searched >= self._min_faces:
            self._follow(key)
        return result

    @override
    async def person(self, model: str, collection: str, profile_id: ProfileId) -> Candidate | None:
        return await self._database.person(model, collection, profile_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Fill and maintain the indexes; save them at the end."""
        try:
            async with in_background(self._keep_house(), self._erase_when_asked()):
                yield
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for follower in self._followers.values():
                await follower.close()
            await self._store.close()

    def _follow(self, key: GalleryKey) -> None:
        if key not in self._followers and self._awaited is not None:
            follower = IndexFollower(key, self._store, self._feed, self._intervals)
            self._followers[key] = follower
            self._tasks[key] = asyncio.create_task(self._run(follower))

    async def _run(self, follower: IndexFollower) -> None:
        key = follower.gallery
        try:
            await follower.run(self._filling)
        except CollectionNotFound:
            await self._store.open(key, discard=True)
        except Exception:
            logger.exception("the index of %s is given up", key)
        del self._followers[key], self._tasks[key]

    async def _keep_house(self) -> None:
        while True:
            pause = _PRUNE_S
            try:
                if self._awaited is None:
                    await self._start()
                await self._feed.prune()
            except Unavailable:
                pause = self._intervals.retry
            except Exception:
                logger.exception("the housekeeping of indexes failed")
            await asyncio.sleep(pause)

    async def _erase_when_asked(self) -> None:
        while True:
            await asyncio.sleep(_ASKED_S)
            try:
                requests = await self._store.requests_to_erase()
                if requests and await self._erase():
                    await self._store.answer(requests)
            except Exception:
                logger.exception("deleted faces could not be erased from the indexes")

    async def _erase(self) -> bool:
        """Whether nothing is left of faces that were removed before."""
        if self._awaited is None:
            return False
        return all([await follower.erase() for follower in tuple(self._followers.values())])

    async def _start(self) -> None:
        galleries = await self._feed.galleries()
        large = {
            key
            for key, faces in galleries.items()
            if faces >= self._min_faces and current_name(key.model) is None
        }
        await self._store.keep_only(large)
        self._awaited = set(large)
        for key in large:
            self._follow(key)
