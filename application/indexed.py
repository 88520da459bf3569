"""Search by resident indexes, as far as they reach; the database searches what they don't."""

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from application.ports.gallery import Gallery, SearchResult
from application.ports.index import GalleryIndexes, GalleryKey
from application.ports.source import GallerySource
from application.resident import ResidentGallery, Rhythm
from domain.errors import CollectionNotFound, Unavailable
from domain.faces import Embedding
from domain.identification import Candidate
from domain.metadata import Metadata
from domain.models import current_name
from domain.people import ProfileId

_FILLING = 1
"""So many indexes are filled at once."""

_PRUNE_S = 3600.0

_OUTDATED = (
    "%d faces of collection %s are of %s and not compared with new photos: register them again, or, where crops were"
    " kept, run face-api reembed --to %s"
)

logger = logging.getLogger("face.index")


class ResidentGalleries:
    """The indexes of all galleries that are large enough for one, and their upkeep."""

    def __init__(
        self,
        indexes: GalleryIndexes,
        source: GallerySource,
        threads: int,
        least: int,
        rhythm: Rhythm | None = None,
    ) -> None:
        """Nothing happens before `running`.

        Args:
            indexes: where they are kept.
            source: what they follow.
            threads: so many searches are computed at once.
            least: galleries of fewer faces, or people, are searched by the database, which is as fast then.
            rhythm: of the upkeep.
        """
        self.least = least
        self._indexes = indexes
        self._source = source
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="face-index")
        self._rhythm = rhythm or Rhythm()
        self._galleries: dict[GalleryKey, ResidentGallery] = {}
        self._tasks: dict[GalleryKey, asyncio.Task[None]] = {}
        self._filling = asyncio.Semaphore(_FILLING)
        self._expected: set[GalleryKey] | None = None

    @property
    def ready(self) -> bool:
        """Whether every gallery that was large enough at the start is filled, or gone."""
        if self._expected is None:
            return False
        self._expected = {key for key in self._expected if not self._is_ready(key)}
        return not self._expected

    def _is_ready(self, key: GalleryKey) -> bool:
        return key not in self._galleries or self._galleries[key].ready

    def of(self, key: GalleryKey) -> ResidentGallery | None:
        """The gallery, if it has an index or is getting one."""
        return self._galleries.get(key)

    def want(self, key: GalleryKey) -> None:
        """See that there is an index of this gallery, soon."""
        if key not in self._galleries and self._expected is not None:
            gallery = ResidentGallery(key, self._indexes, self._source, self._threads, self._rhythm)
            self._galleries[key] = gallery
            self._tasks[key] = asyncio.create_task(self._keep(gallery))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Indexes are filled, kept and, at the end, saved."""
        upkeep = asyncio.create_task(self._upkeep())
        try:
            yield
        finally:
            tasks = [upkeep, *self._tasks.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for gallery in self._galleries.values():
                await gallery.save()
            self._threads.shutdown()
            self._indexes.close()

    async def _upkeep(self) -> None:
        while True:
            try:
                if self._expected is None:
                    await self._begin()
                await self._source.prune()
                pause = _PRUNE_S
            except Unavailable:
                pause = self._rhythm.retry
            except Exception:
                logger.exception("the upkeep of indexes failed")
                pause = _PRUNE_S
            await asyncio.sleep(pause)

    async def _begin(self) -> None:
        galleries = await self._source.galleries()
        for key, faces in galleries.items():
            if model := current_name(key.model):
                logger.warning(_OUTDATED, faces, key.collection, key.model, model)
        compared = {key for key in galleries if current_name(key.model) is None}
        large = {key for key in compared if galleries[key] >= self.least}
        await asyncio.to_thread(self._indexes.keep_only, large)
        self._expected = large
        for key in large:
            self.want(key)

    async def _keep(self, gallery: ResidentGallery) -> None:
        key = gallery.gallery
        try:
            await gallery.keep(self._filling)
        except CollectionNotFound:
            await asyncio.to_thread(self._indexes.new, key)
        except Exception:
            logger.exception("the index of %s is given up", key)
        del self._galleries[key], self._tasks[key]


class IndexedGallery:
    """Implements Gallery: by an index where there is one, exactly as the database would."""

    def __init__(self, exact: Gallery, residents: ResidentGalleries) -> None:
        self._exact = exact
        self._residents = residents

    async def search(
        self, probe: Embedding, collection: str, people: int, metadata: Metadata | None = None
    ) -> SearchResult:
        """See Gallery.search."""
        if metadata:
            return await self._exact.search(probe, collection, people, metadata)
        key = GalleryKey(collection, probe.model, len(probe.vector))
        resident = self._residents.of(key)
        if resident is not None:
            found = await resident.search(probe.vector, max(1, people))
            # Of an empty one the database knows whether faces of another length have come.
            if found is not None and found.searched:
                return SearchResult(found.searched, found.candidates[: max(0, people)])
        found = await self._exact.search(probe, collection, people)
        if found.searched >= self._residents.least:
            self._residents.want(key)
        return found

    async def person(self, model: str, collection: str, profile_id: ProfileId) -> Candidate | None:
        """See Gallery.person."""
        return await self._exact.person(model, collection, profile_id)
