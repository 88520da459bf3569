"""One gallery's resident index, and how it follows the store."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from application.ports.gallery import SearchResult
from application.ports.index import (
    NEVER,
    Changes,
    GalleryIndex,
    GalleryIndexes,
    GalleryKey,
    IndexRows,
    Shortlist,
)
from application.ports.source import GallerySource, MomentUnknown, Reading
from domain.errors import Unavailable
from domain.identification import Candidate

R = TypeVar("R")

_ATTEMPTS = 4
"""Readings that one search may take; the first is enough unless somebody writes just then."""

_DIGITS = 6
"""Similarities that agree in so many are equal; the codes of an index are right to less than _DOUBT."""
_DOUBT = 0.05

_CODED_BYTES = 1 << 27
"""Vectors that a filling makes codes of at once: often is slow, seldom takes memory."""

_PROGRESS_S = 5.0
_NOBODY = np.zeros(0, dtype=np.int64)

logger = logging.getLogger("face.index")


class Contradiction(Exception):
    """The index and the store don't say the same of the same moment: one of them isn't what it was."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often things are done beside serving, in seconds."""

    follow: float = 30
    """Read what is new, though nobody searches; make codes of it."""
    forget: float = 300
    """Forget what remains of removed faces, in memory and in what is saved."""
    save: float = 1800
    """Save what is new."""
    retry: float = 5
    """After a failure."""


class ResidentGallery:
    """An index that is brought to the store's state before anything is answered by it.

    Searches don't wait for each other: a reading without changes says that the index is like the store at the
    moment of the reading. Only who has found changes takes the lock, applies them, and searches again.
    """

    def __init__(
        self,
        gallery: GalleryKey,
        indexes: GalleryIndexes,
        source: GallerySource,
        threads: Executor,
        rhythm: Rhythm,
    ) -> None:
        self.gallery = gallery
        self._indexes = indexes
        self._source = source
        self._threads = threads
        self._rhythm = rhythm
        self._index: GalleryIndex | None = None
        self._lock = asyncio.Lock()
        self._due = asyncio.Event()
        self._doubtful = False
        self._saved_at = time.monotonic()

    @property
    def ready(self) -> bool:
        """Whether it is filled."""
        return self._index is not None

    async def search(self, probe: NDArray[np.float32], people: int) -> SearchResult | None:
        """The `people` nearest people, one or more; None if that can't be told now.

        Raises:
            CollectionNotFound, Unavailable.
        """
        index = self._index
        if index is None:
            return None
        try:
            found = await self._search(index, probe, people)
        except (MomentUnknown, Contradiction) as error:
            logger.warning("the index of %s is filled anew: %s", self.gallery, type(error).__name__)
            self._index, self._doubtful = None, True
            found = None
        if found is None:
            self._due.set()
        return found

    async def _search(
        self, index: GalleryIndex, probe: NDArray[np.float32], people: int
    ) -> SearchResult | None:
        shortlist = await self._run(index.search, probe, people)
        reading = await self._read(shortlist)
        if reading.unchanged:
            return _found(probe, people, shortlist, reading.candidates)
        async with self._lock:
            for _ in range(_ATTEMPTS):
                if reading.changes is None:
                    return None
                index.apply(reading.changes)
                known = {*shortlist.people.tolist(), *reading.candidates}
                shortlist = await self._run(index.search, probe, people)
                if shortlist.moment == reading.changes.moment and known.issuperset(shortlist.people.tolist()):
                    return _found(probe, people, shortlist, reading.candidates)
                reading = await self._read(shortlist)
                if reading.unchanged:
                    return _found(probe, people, shortlist, reading.candidates)
        return None

    async def _read(self, shortlist: Shortlist) -> Reading:
        return await self._source.read(self.gallery, shortlist.moment, shortlist.people)

    async def _run(self, work: Callable[..., R], *values: object) -> R:
        """In a thread: it takes milliseconds, in which others want to be served."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *values)

    async def keep(self, filling: asyncio.Semaphore) -> None:
        """Fill the index, and keep it, until this is cancelled.

        Args:
            filling: bounds how many are filled at once.

        Raises:
            CollectionNotFound: it is gone.
        """
        while True:
            try:
                if self._index is None:
                    async with filling:
                        self._index = await self._filled()
                await self._tend(self._index)
                pause = self._rhythm.follow
            except Unavailable:
                logger.warning(
                    "the index of %s can't be followed: the database does not answer", self.gallery
                )
                pause = self._rhythm.retry
            except MomentUnknown:
                self._index, self._doubtful, pause = None, True, self._rhythm.retry
            try:
                async with asyncio.timeout(pause):
                    await self._due.wait()
            except TimeoutError:
                pass
            self._due.clear()

    async def _filled(self) -> GalleryIndex:
        start = time.monotonic()
        opening = self._indexes.new if self._doubtful else self._indexes.open
        index = await asyncio.to_thread(opening, self.gallery)
        try:
            await self._follow(index)
        except MomentUnknown:
            index = await asyncio.to_thread(self._indexes.new, self.gallery)
            await self._follow(index)
        self._doubtful = False
        seconds = time.monotonic() - start
        logger.info("the index of %s is ready: %d faces, %.1f s", self.gallery, len(index), seconds)
        return index

    async def _tend(self, index: GalleryIndex) -> None:
        await self._follow(index)
        await _maintain(index)
        since = time.monotonic() - self._saved_at
        if since >= (self._rhythm.forget if index.has_remains() else self._rhythm.save):
            await self.save()

    async def save(self) -> None:
        """Save the index, if there is one."""
        index = self._index
        self._saved_at = time.monotonic()
        if index is not None:
            try:
                await asyncio.to_thread(index.save)
            except OSError as error:
                logger.warning("the index of %s can't be saved: %s", self.gallery, error.strerror)

    async def _follow(self, index: GalleryIndex) -> None:
        async with self._lock:
            while True:
                if index.moment != NEVER:
                    reading = await self._source.read(self.gallery, index.moment, _NOBODY)
                    if reading.changes is not None:
                        await asyncio.to_thread(index.apply, reading.changes)
                        return
                await self._catch_up(index)

    async def _catch_up(self, index: GalleryIndex) -> None:
        """Apply what are too many changes for one reading; few are left."""
        begun = await self._source.moment()
        told, coded = time.monotonic(), len(index)
        rows = _CODED_BYTES // (4 * self.gallery.dimensions)
        async for page in self._source.pages(self.gallery, index.moment):
            await asyncio.to_thread(index.apply, page)
            if len(index) - coded > rows:
                coded = len(index)
                await _maintain(index)
            if time.monotonic() - told > _PROGRESS_S:
                told = time.monotonic()
                logger.info("filling the index of %s: %d faces", self.gallery, len(index))
        await _maintain(index)
        nothing = IndexRows(_NOBODY, _NOBODY, np.zeros((0, self.gallery.dimensions), dtype=np.float32))
        index.apply(Changes(index.moment, begun, nothing, _NOBODY))


async def _maintain(index: GalleryIndex) -> None:
    while await asyncio.to_thread(index.maintain):
        pass


def _found(
    probe: NDArray[np.float32], people: int, shortlist: Shortlist, candidates: Mapping[int, Candidate]
) -> SearchResult:
    """The answer, by the store's own vectors."""
    ranked = []
    for number, expected in zip(shortlist.people.tolist(), shortlist.similarities.tolist(), strict=True):
        candidate = candidates.get(number)
        if candidate is None:
            raise Contradiction
        similarities = np.vecdot(candidate.vectors, probe).round(_DIGITS)
        nearest = int(np.argmax(similarities))
        if similarities[nearest] < expected - _DOUBT:
            raise Contradiction
        ranked.append((-similarities[nearest], candidate.faces[nearest].id, candidate))
    ranked.sort(key=lambda one: one[:2])
    return SearchResult(shortlist.searched, [candidate for *_, candidate in ranked[:people]])
