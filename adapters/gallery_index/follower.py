"""Keeps the index of one gallery equal to the database."""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from adapters.gallery_index.index import GalleryIndex, IndexStore, MaintenanceIntervals, Shortlist
from adapters.gallery_index.nearness import nearness
from application.ports.change_feed import (
    NO_SNAPSHOT,
    Changes,
    FaceRows,
    GalleryChangeFeed,
    GalleryKey,
    GalleryReading,
    UnknownSnapshot,
)
from application.ports.gallery import SearchResult
from domain.errors import CollectionNotFound, Unavailable
from domain.identification import Candidate

_MAX_UPDATES = 4
"""How often a search applies changes and searches again; once is enough unless others write meanwhile."""

_TOLERANCE = 0.05
"""By how much the index may overestimate a similarity; quantization errors are smaller."""

_MAINTENANCE_BYTES = 1 << 27
"""Bytes of vectors after which an index that is being filled quantizes them.

Fewer take longer in all, more take more memory.
"""

_PROGRESS_S = 5.0
_NO_IDS = np.zeros(0, dtype=np.int64)

logger = logging.getLogger("face.index")


class InconsistentIndex(Exception):
    """The index and the database contradict each other about the same snapshot."""


class IndexFollower:
    """Brings an index up to date before it answers, and maintains it in the background.

    Searches don't wait for each other: a reading without changes says that the index equals the database at the
    snapshot of the reading. Only a search that reads changes takes the lock, applies them, and searches again.
    """

    def __init__(
        self,
        gallery: GalleryKey,
        store: IndexStore,
        feed: GalleryChangeFeed,
        intervals: MaintenanceIntervals,
    ) -> None:
        self.gallery = gallery
        self._store = store
        self._feed = feed
        self._intervals = intervals
        self._index: GalleryIndex | None = None
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._rebuild = False

    @property
    def ready(self) -> bool:
        """Whether the index is filled."""
        return self._index is not None

    async def search(self, probe: NDArray[np.float32], people: int) -> SearchResult | None:
        """The `people` nearest people, one or more; None if the index can't answer now.

        Raises:
            CollectionNotFound, Unavailable.
        """
        index = self._index
        if index is None:
            return None
        try:
            result = await self._search(index, probe, people)
        except (UnknownSnapshot, InconsistentIndex) as error:
            logger.warning("the index of %s is filled again: %s", self.gallery, type(error).__name__)
            if self._index is index:
                self._discard()
            result = None
        if result is None:
            self._wake.set()
        return result

    async def _search(
        self, index: GalleryIndex, probe: NDArray[np.float32], people: int
    ) -> SearchResult | None:
        shortlist = await index.search(probe, people)
        reading = await self._read(shortlist)
        if reading.unchanged:
            return _result(probe, people, shortlist, reading.candidates)
        async with self._lock:
            for _ in range(_MAX_UPDATES):
                if reading.changes is None:
                    return None
                await index.apply(reading.changes)
                read = {*shortlist.person_ids.tolist(), *reading.candidates}
                shortlist = await index.search(probe, people)
                up_to_date = shortlist.snapshot == reading.changes.until
                if up_to_date and read.issuperset(shortlist.person_ids.tolist()):
                    return _result(probe, people, shortlist, reading.candidates)
                reading = await self._read(shortlist)
                if reading.unchanged:
                    return _result(probe, people, shortlist, reading.candidates)
        return None

    async def _read(self, shortlist: Shortlist) -> GalleryReading:
        return await self._feed.read(self.gallery, shortlist.snapshot, shortlist.person_ids)

    async def run(self, filling: asyncio.Semaphore) -> None:
        """Fill the index and maintain it, until this is cancelled.

        Args:
            filling: bounds the number of indexes that are filled at once.

        Raises:
            CollectionNotFound: the collection was deleted.
        """
        while True:
            pause = self._intervals.retry
            try:
                index = self._index
                if index is None:
                    async with filling:
                        self._index = index = await self._filled()
                else:
                    await self._catch_up(index)
                await index.maintain()
                pause = self._intervals.follow
            except Unavailable:
                logger.warning(
                    "the index of %s can't follow the database, which does not answer", self.gallery
                )
            except UnknownSnapshot:
                self._discard()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            self._wake.clear()

    async def erase(self) -> bool:
        """Erase what was removed from the database before, now; False if that has to be tried again."""
        index = self._index
        if index is None:
            return False
        try:
            await self._catch_up(index)
        except (CollectionNotFound, Unavailable, UnknownSnapshot):
            # `run` knows what to do.
            self._wake.set()
            return False
        await index.save()
        return True

    async def close(self) -> None:
        """Save the index for the next start."""
        if self._index is not None:
            await self._index.save()

    def _discard(self) -> None:
        self._index, self._rebuild = None, True

    async def _filled(self) -> GalleryIndex:
        start = time.monotonic()
        index = await self._store.open(self.gallery, discard=self._rebuild)
        try:
            await self._catch_up(index)
        except UnknownSnapshot:
            index = await self._store.open(self.gallery, discard=True)
            await self._catch_up(index)
        self._rebuild = False
        seconds = time.monotonic() - start
        logger.info("the index of %s is ready: %d faces, %.1f s", self.gallery, len(index), seconds)
        return index

    async def _catch_up(self, index: GalleryIndex) -> None:
        async with self._lock:
            while True:
                if index.snapshot != NO_SNAPSHOT:
                    reading = await self._feed.read(self.gallery, index.snapshot, _NO_IDS)
                    if reading.changes is not None:
                        await index.apply(reading.changes)
                        return
                await self._apply_pages(index)

    async def _apply_pages(self, index: GalleryIndex) -> None:
        """Apply more changes than one reading has; those made meanwhile are left."""
        snapshot = await self._feed.snapshot()
        logged_at, maintained = time.monotonic(), len(index)
        rows = _MAINTENANCE_BYTES // (4 * self.gallery.dimensions)
        async for page in self._feed.pages(self.gallery, index.snapshot):
            await index.apply(page)
            if len(index) - maintained > rows:
                maintained = len(index)
                await index.maintain()
            if time.monotonic() - logged_at > _PROGRESS_S:
                logged_at = time.monotonic()
                logger.info("filling the index of %s: %d faces", self.gallery, len(index))
        await index.maintain()
        nothing = FaceRows(_NO_IDS, _NO_IDS, np.zeros((0, self.gallery.dimensions), dtype=np.float32))
        await index.apply(Changes(index.snapshot, snapshot, nothing, _NO_IDS))


def _result(
    probe: NDArray[np.float32], people: int, shortlist: Shortlist, candidates: Mapping[int, Candidate]
) -> SearchResult:
    """The people of a shortlist, ranked by the database's vectors."""
    ranked = []
    for person, expected in zip(shortlist.person_ids.tolist(), shortlist.similarities.tolist(), strict=True):
        candidate = candidates.get(person)
        if candidate is None:
            raise InconsistentIndex
        similarity, face = nearness(probe, candidate)
        if similarity < expected - _TOLERANCE:
            raise InconsistentIndex
        ranked.append((-similarity, face, candidate))
    ranked.sort(key=lambda one: one[:2])
    return SearchResult(shortlist.searched, [candidate for *_, candidate in ranked[:people]])
