"""What an instance does in the background for the index that it shares."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from typing_extensions import override

from adapters.gallery_index.milvus.counts import PeopleCounts
from adapters.gallery_index.milvus.shared_index import SharedIndex
from adapters.gallery_index.milvus.view import IndexView
from application.background import in_background
from application.ports.gallery import SearchReadiness, SearchTrouble
from domain.errors import Unavailable

_PAUSE_S = 1.0
"""Between two rounds of following, and between two looks."""

_PRUNE_S = 3600.0

logger = logging.getLogger("face.index")


@dataclass(slots=True)
class SharedIndexService(SearchReadiness):
    """Follows the database, if no other instance does; looks how far the index is; builds it where it is missing."""

    index: SharedIndex
    view: IndexView
    counts: PeopleCounts
    _looked: bool = False
    _building: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    @override
    def ready(self) -> bool:
        """Once it was looked at: without the index smaller galleries are searched all the same."""
        return self._looked

    @property
    @override
    def degraded(self) -> Sequence[SearchTrouble]:
        return () if self.view.available else ("index_unavailable",)

    @property
    @override
    def lag_s(self) -> float | None:
        return round(self.view.lag_s, 1)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do all of it until the context ends."""
        rounds = ((self._follow, _PAUSE_S), (self.refresh, _PAUSE_S), (self.index.feed.prune, _PRUNE_S))
        try:
            async with in_background(*(_forever(*each) for each in rounds)):
                yield
        finally:
            for task in self._building:
                task.cancel()
            await asyncio.gather(*self._building, return_exceptions=True)
            await self.index.connection.close()

    async def refresh(self) -> None:
        """See what can be searched, and how far it is behind."""
        try:
            await self.view.refresh()
            await self.counts.refresh(self.view.keys(), self.view.faces)
        finally:
            self._looked = True
            await self.view.measure()

    async def _follow(self) -> None:
        missing = await self.index.follow()
        if missing and not self._building:
            task = asyncio.create_task(self._build(missing))
            self._building.add(task)
            task.add_done_callback(self._building.discard)

    async def _build(self, series: Collection[str]) -> None:
        for of in sorted(series):
            await _trying(partial(self.index.build, of))


async def _forever(work: Callable[[], Awaitable[object]], pause_s: float) -> None:
    while True:
        await _trying(work)
        await asyncio.sleep(pause_s)


async def _trying(work: Callable[[], Awaitable[object]]) -> None:
    try:
        await work()
    except Unavailable:
        pass  # the next time, then; the view says so in the log
    except Exception:
        logger.exception("a task of the shared index failed")
