"""Follows the database, one instance at a time, and builds the index where there is none."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from adapters.gallery_index.milvus.catching_up import CatchingUp, Told
from adapters.gallery_index.milvus.connection import MilvusConnection
from adapters.gallery_index.milvus.generations import Generation, Generations, series_of
from adapters.gallery_index.milvus.rows import IndexRows
from application.ports.change_feed import GalleryKey, UnknownSnapshot
from application.ports.shared_index import Lease, SharedIndexFeed, Task
from domain.errors import IndexUnavailable
from domain.models import current_name

_POLL_S = 0.1

logger = logging.getLogger("face.index")


class SharedIndex:
    """The faces of all galleries, a Milvus collection a recognition model."""

    def __init__(self, connection: MilvusConnection, feed: SharedIndexFeed, index_type: str) -> None:
        self.feed = feed
        self.generations = Generations(connection, index_type)
        self.connection = connection

    def rows(self, generation: Generation) -> IndexRows:
        """Those of one generation."""
        return IndexRows(self.connection, generation)

    async def galleries(self, of: str) -> Sequence[GalleryKey]:
        """The galleries of a series that have faces."""
        return [key for key in await self.keys() if series_of(key) == of]

    async def serving(self) -> Sequence[Generation]:
        """The generations that are searched."""
        series = {one.series for one in await self.generations.all()}
        found = [await self.generations.serving(of) for of in sorted(series)]
        return [one for one in found if one is not None]

    async def follow(self) -> Collection[str]:
        """Bring what is searched up to date, unless another instance does; the series that have to be built.

        Raises:
            IndexUnavailable, Unavailable: the next call goes on.
        """
        async with self.feed.alone("follow") as lease:
            if lease is None:
                return ()
            keys = await self.keys()
            missing = {series_of(key) for key in keys}
            serving = await self.serving()
            await self._drop_older(serving)
            for generation in serving:
                galleries = [key for key in keys if series_of(key) == generation.series]
                try:
                    await self._catch_up(generation, galleries, lease, Told())
                except UnknownSnapshot:
                    logger.warning("the index %s is of another state of the database", generation.name)
                else:
                    missing.discard(generation.series)
            return missing

    async def build(self, of: str, told: Told | None = None) -> bool:
        """Make a new generation beside the one that is searched, then search it; go on with an unfinished one.

        False if another instance is at it.

        Raises:
            IndexUnavailable, Unavailable: the next call goes on.
        """
        told = told or Told()
        async with self.feed.alone("build") as lease:
            if lease is None:
                return False
            galleries = await self.galleries(of)
            if not galleries:
                return True
            generation = await self._unfinished(of, galleries[0].dimensions)
            try:
                await self._catch_up(generation, galleries, lease, told)
                await self.generations.seal(generation)
                async with self.waiting("follow") as following:
                    # Searches know how far the old one was: this one has come further now.
                    await self._catch_up(generation, await self.galleries(of), following, told)
                    await self.generations.serve(generation)
            except UnknownSnapshot:
                await self.generations.drop(generation)
                raise IndexUnavailable from None
            logger.info("the index %s is built: %d faces written", of, told.faces)
            await self._drop_older([generation])
            return True

    async def _drop_older(self, serving: Sequence[Generation]) -> None:
        numbers = {one.series: one.number for one in serving}
        for one in await self.generations.all():
            if one.number < numbers.get(one.series, 0):
                await self.generations.drop(one)

    async def keys(self) -> Sequence[GalleryKey]:
        """The galleries that have faces of a present recogniser."""
        return [key for key in await self.feed.keys() if current_name(key.model) is None]

    async def _unfinished(self, of: str, dimensions: int) -> Generation:
        serving = await self.generations.serving(of)
        number = serving.number if serving else 0
        for one in reversed(await self.generations.all()):
            if one.series == of and one.number > number:
                if one.index_type == self.generations.index_type:
                    return one
                await self.generations.drop(one)
        return await self.generations.create(of, number + 1, dimensions)

    @asynccontextmanager
    async def waiting(self, task: Task) -> AsyncIterator[Lease]:
        """The lease of a task, as soon as nobody has it."""
        while True:
            async with self.feed.alone(task) as lease:
                if lease is not None:
                    yield lease
                    return
            await asyncio.sleep(_POLL_S)

    async def _catch_up(
        self, generation: Generation, galleries: Sequence[GalleryKey], lease: Lease, told: Told
    ) -> None:
        """Catch up with these galleries, and with those that have lost all faces."""
        rows = self.rows(generation)
        notes = await rows.notes()
        for key in dict.fromkeys([*galleries, *notes]):
            await CatchingUp(self.feed, rows, lease, told).run(key, notes.get(key))
