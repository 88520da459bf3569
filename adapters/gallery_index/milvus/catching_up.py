"""Brings one gallery in a Milvus collection up to the database's present state."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import numpy as np

from adapters.gallery_index.milvus.rows import IndexRows, Progress
from application.ports.change_feed import GalleryKey
from application.ports.shared_index import Lease, SharedIndexFeed
from domain.errors import CollectionNotFound

_PAGE_BYTES = 4 << 20
"""Of vectors that are read at once, and after which progress is kept."""

_REFRESH_S = 3600.0
"""Progress is kept anew after this time though nothing has changed: old snapshots are of no use."""

_MAX_ROUNDS = 20
"""Then others have their turn, though more was written meanwhile."""

_NO_IDS = np.zeros(0, dtype=np.int64)


@dataclass(slots=True)
class Told:
    """What has been written, for whoever watches."""

    faces: int = 0
    on_progress: Callable[[int], object] = field(default=lambda _: None)

    def add(self, faces: int) -> None:
        """Count some more."""
        self.faces += faces
        self.on_progress(self.faces)


class CatchingUp:
    """Writes what has changed, then how far it has come: after a crash the same is written once more.

    The caller has the lease, so that nobody else writes to these rows.
    """

    def __init__(
        self, feed: SharedIndexFeed, rows: IndexRows, lease: Lease, told: Told | None = None
    ) -> None:
        self._feed = feed
        self._rows = rows
        self._lease = lease
        self._told = told or Told()

    async def run(self, gallery: GalleryKey, progress: Progress | None) -> Progress | None:
        """Catch up with a gallery; the progress made, or None if its collection is gone.

        Raises:
            UnknownSnapshot: the progress is of another database, or too old: all has to be built again.
            IndexUnavailable, Unavailable.
        """
        if progress is None or not progress.filled:
            progress = await self._fill(gallery, progress)
        try:
            for _ in range(_MAX_ROUNDS):
                following = await self._follow(gallery, progress)
                if following is progress:
                    break
                progress = following
        except CollectionNotFound:
            await self._lease.check()
            await self._rows.forget(gallery.collection)
            return None
        return progress

    async def _fill(self, gallery: GalleryKey, progress: Progress | None) -> Progress:
        """Write all faces, in the order of their ids; what changes meanwhile is followed afterwards."""
        if progress is None:
            token = await self._feed.snapshot()
            progress = Progress(
                collection=gallery.collection,
                model=gallery.model,
                dimensions=gallery.dimensions,
                token=token,
                at=time.time(),
                filled=False,
            )
            await self._rows.note(progress)
        limit = max(1, _PAGE_BYTES // (4 * gallery.dimensions))
        while True:
            page = await self._feed.faces_after(gallery, progress.after, limit)
            if not len(page):
                break
            await self._lease.check()
            await self._rows.write(gallery, page)
            progress = msgspec.structs.replace(progress, after=int(page.face_ids[-1]))
            await self._rows.note(progress)
            self._told.add(len(page))
        progress = msgspec.structs.replace(progress, filled=True)
        await self._rows.note(progress)
        return progress

    async def _follow(self, gallery: GalleryKey, progress: Progress) -> Progress:
        """Write the changes since the last time; the same progress if there were none."""
        reading = await self._feed.read(gallery, progress.token, _NO_IDS)
        if reading.changes is None:
            until = await self._feed.snapshot()
            async for page in self._feed.pages(gallery, progress.token):
                await self._lease.check()
                await self._rows.apply(gallery, page)
                self._told.add(len(page))
        else:
            until = reading.changes.until
            if not len(reading.changes):
                if time.time() - progress.at > _REFRESH_S:
                    await self._rows.note(msgspec.structs.replace(progress, token=until, at=time.time()))
                return progress
            await self._lease.check()
            await self._rows.apply(gallery, reading.changes)
            self._told.add(len(reading.changes))
        following = msgspec.structs.replace(progress, token=until, at=time.time())
        await self._rows.note(following)
        return following
