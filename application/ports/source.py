"""The store, as a resident index follows it.

Two invariants make an index exact. The changes since a moment are all that the store did after it, whoever did
it, and however long that took. And what is read of people is read at the very moment of the changes.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from numpy import int64
from numpy.typing import NDArray

from application.ports.index import Changes, GalleryKey, Moment
from domain.identification import Candidate


class MomentUnknown(Exception):
    """What has changed since this moment can't be told any more: it is too old, or another store's."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A gallery at one moment."""

    changes: Changes | None
    """None: they are too many for one answer; read them page by page."""
    candidates: Mapping[int, Candidate]
    """People by their ids: those who were asked for, as far as they have a face, and those with changes."""

    @property
    def unchanged(self) -> bool:
        """Whether nothing has changed."""
        return self.changes is not None and not len(self.changes)


class GallerySource(Protocol):
    """What the store says of its galleries. All methods may be called concurrently.

    Each raises Unavailable when the store does not answer.
    """

    async def galleries(self) -> Mapping[GalleryKey, int]:
        """All that have faces, with the number of these."""
        ...

    async def moment(self) -> Moment:
        """Now."""
        ...

    def pages(self, gallery: GalleryKey, since: Moment) -> AsyncIterator[Changes]:
        """Everything that happened since a moment, or all faces since NEVER, and perhaps some of what happens now.

        Every page is of its own moment, so that they bring an index to no moment at all: their `since` and
        `moment` are the given one. The changes since the moment before the first page was read make up for
        that.

        Raises:
            MomentUnknown: while it is iterated over.
        """
        ...

    async def read(self, gallery: GalleryKey, since: Moment, people: NDArray[int64]) -> Reading:
        """What has changed since a moment, and people as they are now: in one round trip.

        Raises:
            MomentUnknown, CollectionNotFound.
        """
        ...

    async def prune(self) -> None:
        """Forget what only indexes need that are too old to be used."""
        ...
