"""Brings one gallery in a Milvus collection up to the database's present state."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import msgspec
import numpy as np

from adapters.gallery_index.milvus.rows import IndexRows, Progress
from application.ports.change_feed import NO_SNAPSHOT, Changes, GalleryKey, SnapshotToken
from application.ports.shared_index import Lease, SharedIndexFeed
from domain.errors import CollectionNotFound

_PAGE_BYTES = 4 << 20
"""Of vectors that are read at once, and after which progress is kept."""

_REFRESH_S = 3600.0
"""Progress is kept anew after this time though nothing has changed: old snapshots are of no use."""

ARRIVES_S = 60.0
"""After this time no write arrives any more: calls have a deadline of ten seconds, and clocks differ."""

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

    The caller has the lease, so that nobody else writes to these rows. Who loses it, with the connection to the
    database, may be in the middle of a write, which may reach the index after those of the next one who has it. So
    what is begun is noted before it is written. Whoever finds such a note later than any such write can arrive writes
    all changes since then once more.
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
            if progress.unfinished != NO_SNAPSHOT and time.time() - progress.unfinished_at > ARRIVES_S:
                progress = await self._again(gallery, progress)
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
        else:
            progress = begun(progress)
        limit = max(1, _PAGE_BYTES // (4 * gallery.dimensions))
        while True:
            page = await self._feed.faces_after(gallery, progress.after, limit)
            if not len(page):
                break
            await self._lease.check()
            await self._rows.write(gallery, page)
            await self._lease.check()
            progress = msgspec.structs.replace(progress, after=int(page.face_ids[-1]))
            await self._rows.note(progress)
            self._told.add(len(page))
        progress = msgspec.structs.replace(progress, filled=True)
        await self._rows.note(progress)
        return progress

    async def _again(self, gallery: GalleryKey, progress: Progress) -> Progress:
        """Write what has changed since an unfinished write began."""
        following = await self._follow(gallery, progress, progress.unfinished)
        following = msgspec.structs.replace(following, unfinished=NO_SNAPSHOT)
        await self._rows.note(following)
        return following

    async def _follow(
        self, gallery: GalleryKey, progress: Progress, since: SnapshotToken | None = None
    ) -> Progress:
        """Write the changes since the last time, or an earlier one; the same progress if there were none."""
        since = progress.token if since is None else since
        reading = await self._feed.read(gallery, since, _NO_IDS)
        if reading.changes is None:
            until = await self._feed.snapshot()
            pages = self._feed.pages(gallery, since)
        else:
            until = reading.changes.until
            if not len(reading.changes):
                if time.time() - progress.at > _REFRESH_S:
                    await self._rows.note(msgspec.structs.replace(progress, token=until, at=time.time()))
                return progress
            pages = _one(reading.changes)
        await self._lease.check()
        await self._rows.note(begun(progress))
        async for page in pages:
            await self._lease.check()
            await self._rows.apply(gallery, page)
            self._told.add(len(page))
        await self._lease.check()
        following = msgspec.structs.replace(progress, token=until, at=time.time())
        await self._rows.note(following)
        return following


def begun(progress: Progress) -> Progress:
    """With the remark that something is being written."""
    since = progress.token if progress.unfinished == NO_SNAPSHOT else progress.unfinished
    return msgspec.structs.replace(progress, unfinished=since, unfinished_at=time.time())


async def _one(changes: Changes) -> AsyncIterator[Changes]:
    yield changes
