"""The index in memory behind its asynchronous port: searches run in threads of their own."""

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from adapters.gallery_index.faiss.folders import IndexFolders
from adapters.gallery_index.faiss.segmented_index import SegmentedIndex
from adapters.gallery_index.index import GalleryIndex, IndexStore, MaintenanceIntervals, Shortlist
from application.ports.change_feed import Changes, GalleryKey, SnapshotToken

_MAX_INLINE_CHANGES = 1000
"""More changes are applied in a thread; fewer take no longer than handing them over."""

logger = logging.getLogger("face.index")


class FaissGalleryIndex(GalleryIndex):
    """A SegmentedIndex that is saved from time to time."""

    def __init__(self, index: SegmentedIndex, threads: Executor, intervals: MaintenanceIntervals) -> None:
        self._index = index
        self._threads = threads
        self._intervals = intervals
        self._saved_at = time.monotonic()

    @property
    @override
    def snapshot(self) -> SnapshotToken:
        return self._index.snapshot

    @override
    def __len__(self) -> int:
        return len(self._index)

    @override
    async def apply(self, changes: Changes) -> bool:
        if len(changes) <= _MAX_INLINE_CHANGES:
            return self._index.apply(changes)
        return await asyncio.to_thread(self._index.apply, changes)

    @override
    async def search(self, probe: NDArray[np.float32], people: int) -> Shortlist:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._index.search, probe, people)

    @override
    async def maintain(self) -> None:
        while await asyncio.to_thread(self._index.compact):
            pass
        removed = self._index.has_removed_faces
        if time.monotonic() - self._saved_at >= (self._intervals.forget if removed else self._intervals.save):
            await self.save()

    @override
    async def save(self) -> None:
        self._saved_at = time.monotonic()
        try:
            await asyncio.to_thread(self._index.save)
        except OSError as error:
            logger.warning("the index of %s can't be saved: %s", self._index.gallery, error.strerror)


class FaissIndexStore(IndexStore):
    """Indexes in this process's memory, saved in a folder."""

    def __init__(
        self,
        path: Path,
        threads: int,
        intervals: MaintenanceIntervals | None = None,
        growing_rows: int | None = None,
        *,
        saves: bool = True,
    ) -> None:
        """Nothing is read or written before an index is opened.

        Args:
            path: the folder.
            threads: the maximum number of concurrent searches.
            intervals: at which indexes are saved.
            growing_rows: see SegmentedIndex.
            saves: False where embeddings must not be in files: then each start reads them from the database.
        """
        self._folders = IndexFolders(path, growing_rows, saves=saves)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="face-index")
        self._intervals = intervals or MaintenanceIntervals()

    @override
    async def open(self, gallery: GalleryKey, *, discard: bool = False) -> FaissGalleryIndex:
        index = await asyncio.to_thread(self._folders.open, gallery, discard=discard)
        return FaissGalleryIndex(index, self._threads, self._intervals)

    @override
    async def keep_only(self, galleries: set[GalleryKey]) -> None:
        await asyncio.to_thread(self._folders.keep_only, galleries)

    @override
    async def requests_to_erase(self) -> Sequence[str]:
        return await asyncio.to_thread(self._folders.requests)

    @override
    async def answer(self, requests: Sequence[str]) -> None:
        await asyncio.to_thread(self._folders.answer, requests)

    @override
    async def close(self) -> None:
        self._threads.shutdown()
        self._folders.close()
