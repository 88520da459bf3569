"""How many people a gallery has, which an index of faces can't tell and the database has to count."""

import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from application.ports.change_feed import GalleryKey
from application.ports.shared_index import SharedIndexFeed
from domain.errors import Unavailable

_LARGE = 100_000
"""Faces from which on people are counted in the background: it takes more than ten milliseconds."""

_COUNT_S = 60.0


@dataclass(slots=True)
class PeopleCounts:
    """Exact in galleries that are not large; there a minute old."""

    feed: SharedIndexFeed
    _large: dict[GalleryKey, int] = field(default_factory=dict)
    _due: dict[GalleryKey, float] = field(default_factory=dict)

    async def of(self, gallery: GalleryKey) -> int:
        """The number of people who have a face."""
        people = self._large.get(gallery)
        return await self.feed.people(gallery) if people is None else people

    async def refresh(
        self, galleries: Collection[GalleryKey], faces_of: Callable[[GalleryKey], Awaitable[int]]
    ) -> None:
        """Count the people of large galleries where that is due.

        Args:
            galleries: all that there are.
            faces_of: counts faces, where the database can't count the people in the time that a statement has.
        """
        for gone in self._due.keys() - set(galleries):
            self._due.pop(gone)
            self._large.pop(gone, None)
        for gallery in galleries:
            if time.monotonic() < self._due.get(gallery, 0.0):
                continue
            began = time.monotonic()
            faces = await self.feed.size(gallery, _LARGE)
            if faces < _LARGE:
                self._large.pop(gallery, None)
            else:
                self._large[gallery] = await self._counted(gallery, faces_of)
            # Counting may take a twentieth of the time.
            self._due[gallery] = time.monotonic() + max(_COUNT_S, 20 * (time.monotonic() - began))

    async def _counted(self, gallery: GalleryKey, faces_of: Callable[[GalleryKey], Awaitable[int]]) -> int:
        try:
            return await self.feed.people(gallery)
        except Unavailable:
            # Too many people make thresholds stricter, and only a little.
            return await faces_of(gallery)
