"""The changes of galleries, as the database tells them to an index that follows it.

Two guarantees make an index exact. The changes since a snapshot are all changes that it doesn't contain, whoever
made them and however long their transaction took. And people are read in the same snapshot as the changes.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from numpy import float32, int64
from numpy.typing import NDArray

from domain.identification import Candidate

SnapshotToken: TypeAlias = str
"""Identifies a state of the database; opaque to everybody else."""

NO_SNAPSHOT: SnapshotToken = ""
"""That of an index that isn't filled yet."""


class UnknownSnapshot(Exception):
    """The changes since this snapshot can't be told: it is too old, or another database's."""


@dataclass(frozen=True, slots=True)
class GalleryKey:
    """The faces of one recognition model in one collection."""

    collection: str
    model: str
    dimensions: int
    """D, the length of an embedding."""

    def __str__(self) -> str:
        return f"collection {self.collection}, model {self.model}"


@dataclass(frozen=True, slots=True, eq=False)
class FaceRows:
    """N faces."""

    face_ids: NDArray[int64]
    """N different ones."""
    person_ids: NDArray[int64]
    """N, whose faces they are."""
    vectors: NDArray[float32]
    """N x D, unit norm."""

    def __len__(self) -> int:
        return len(self.face_ids)

    def take(self, rows: NDArray[int64] | slice) -> "FaceRows":
        """Some rows."""
        return FaceRows(self.face_ids[rows], self.person_ids[rows], self.vectors[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Changes of a gallery. Applying them twice is the same as applying them once."""

    since: SnapshotToken
    """What an index must be at for these changes to be applied."""
    until: SnapshotToken
    """What it is at then."""
    faces: FaceRows
    """New faces, and known ones that have another person or vector now."""
    removed: NDArray[int64]
    """Ids of removed faces, none of them in `faces`; the index may not know all."""

    def __len__(self) -> int:
        return len(self.faces) + len(self.removed)


@dataclass(frozen=True, slots=True, eq=False)
class GalleryReading:
    """Changes and people of a gallery, read in one snapshot."""

    changes: Changes | None
    """None if there are too many for one answer; read them page by page."""
    candidates: Mapping[int, Candidate]
    """By person id: those asked for who have a face, and those with changes."""

    @property
    def unchanged(self) -> bool:
        """Whether an index at the snapshot asked for is up to date."""
        return self.changes is not None and not len(self.changes)


class GalleryChangeFeed(Protocol):
    """What an index needs of the database. All methods may be called concurrently.

    Each raises Unavailable when the database does not answer.
    """

    async def galleries(self) -> Mapping[GalleryKey, int]:
        """All galleries that have faces, with the number of faces."""

    async def snapshot(self) -> SnapshotToken:
        """The present state of the database."""

    def pages(self, gallery: GalleryKey, since: SnapshotToken) -> AsyncIterator[Changes]:
        """All changes since a snapshot, or all faces since NO_SNAPSHOT, and perhaps some made meanwhile.

        Each page is read in a snapshot of its own, so that they bring an index to none: `since` and `until` of
        all are the given one. Whoever reads them takes a snapshot before the first, and reads the changes
        since that one afterwards.

        Raises:
            UnknownSnapshot: on iteration.
        """

    async def read(
        self, gallery: GalleryKey, since: SnapshotToken, person_ids: NDArray[int64]
    ) -> GalleryReading:
        """The changes since a snapshot and some people as they are now, in one round trip.

        Raises:
            UnknownSnapshot, CollectionNotFound.
        """

    async def prune(self) -> None:
        """Delete the records of removals that are too old to be read."""
