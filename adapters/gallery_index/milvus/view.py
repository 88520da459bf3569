"""What this instance knows of a shared index: what to search, and how far it is followed."""

import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from adapters.gallery_index.milvus.rows import IndexRows, Progress
from adapters.gallery_index.milvus.shared_index import SharedIndex
from application.ports.change_feed import GalleryKey, UnknownSnapshot
from domain.errors import CollectionNotFound, IndexUnavailable

_LOOKED_AT = 50
"""Galleries whose lag is looked at in one go; with more, they take turns."""

logger = logging.getLogger("face.index")


@dataclass(frozen=True, slots=True)
class Searchable:
    """A gallery that can be searched."""

    rows: IndexRows
    progress: Progress


@dataclass(slots=True)
class IndexView:
    """What was known at the last look. A search with it is right however old it is: the database tells the rest."""

    index: SharedIndex
    available: bool = False
    """Whether the index answered."""
    lag_s: float = 0.0
    """For how long the oldest change that is known not to be in the index has waited, in seconds."""
    _found: Mapping[GalleryKey, Searchable] = field(default_factory=dict)
    _equal: dict[GalleryKey, float] = field(default_factory=dict)
    """When a gallery was last known to have no other changes."""

    def get(self, gallery: GalleryKey) -> Searchable | None:
        """How to search a gallery; None if it isn't in the index yet, or the index doesn't answer."""
        return self._found.get(gallery)

    def keys(self) -> Collection[GalleryKey]:
        """The galleries that can be searched."""
        return [key for key, one in self._found.items() if one.progress.filled]

    async def faces(self, gallery: GalleryKey) -> int:
        """The number of faces that a gallery has in the index.

        Raises:
            IndexUnavailable.
        """
        searchable = self._found.get(gallery)
        if searchable is None:
            raise IndexUnavailable
        return await searchable.rows.count(gallery.collection)

    def filling(self) -> int:
        """Number of galleries that are being filled."""
        return sum(not one.progress.filled for one in self._found.values())

    def forget(self, gallery: GalleryKey) -> None:
        """A gallery can't be searched before the view is refreshed."""
        self._found = {key: one for key, one in self._found.items() if key != gallery}

    def fail(self) -> None:
        """The index doesn't answer: searches need not wait for it until then."""
        if self.available:
            logger.warning("the gallery index does not answer; the database searches what it can")
        self.available = False
        self._found = {}

    async def refresh(self) -> None:
        """Ask the index.

        Raises:
            IndexUnavailable, Unavailable.
        """
        try:
            found: dict[GalleryKey, Searchable] = {}
            for generation in await self.index.serving():
                rows = self.index.rows(generation)
                notes = await rows.notes()
                found |= {key: Searchable(rows, note) for key, note in notes.items()}
        except IndexUnavailable:
            self.fail()
            raise
        if not self.available:
            logger.info("the gallery index answers: %d galleries", len(found))
        self._found, self.available = found, True

    async def measure(self) -> None:
        """Ask the database what the index lacks."""
        now = time.time()
        keys = self.keys()
        if self.available:
            self._equal = {key: at for key, at in self._equal.items() if key in self._found}
        # Those asked least recently.
        for key in sorted(keys, key=lambda key: self._equal.get(key, 0.0))[:_LOOKED_AT]:
            one = self._found[key]
            try:
                reading = await self.index.feed.read(key, one.progress.token, np.zeros(0, dtype=np.int64))
            except (UnknownSnapshot, CollectionNotFound):
                self._equal.pop(key, None)
                continue
            if reading.unchanged:
                self._equal[key] = now
            else:
                self._equal[key] = min(now, max(self._equal.get(key, 0.0), one.progress.at))
        self.lag_s = max((now - at for at in self._equal.values()), default=0.0)
