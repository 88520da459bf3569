"""What an index that several instances share needs of the database, besides the changes of galleries."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from application.ports.change_feed import FaceRows, GalleryChangeFeed, GalleryKey, SnapshotToken

Task: TypeAlias = Literal["follow", "build"]
"""What only one instance does at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """What the database has of some faces, and which of them an index can't be blamed for."""

    faces: FaceRows
    """Those of the faces asked for that are in the gallery."""
    pending: Collection[int]
    """Ids of those that have changed or were removed since the snapshot."""


class Lease(Protocol):
    """The right to do a task, until the context ends that gave it."""

    async def check(self) -> None:
        """Raise Unavailable if the right was lost, with the connection that it hangs on."""


class SharedIndexFeed(GalleryChangeFeed, Protocol):
    """All methods may be called concurrently. Each raises Unavailable when the database does not answer."""

    async def keys(self) -> Sequence[GalleryKey]:
        """All galleries that have faces; unlike `galleries`, without counting them."""

    async def size(self, gallery: GalleryKey, at_most: int) -> int:
        """The number of faces, counted up to `at_most`."""

    async def people(self, gallery: GalleryKey) -> int:
        """The number of people who have a face; takes a second for ten million faces."""

    async def faces_after(self, gallery: GalleryKey, after: int, limit: int) -> FaceRows:
        """Up to `limit` faces with ids greater than `after`, in the order of their ids."""

    async def examine(
        self, gallery: GalleryKey, since: SnapshotToken, face_ids: Collection[int]
    ) -> Examination:
        """Some faces as they are now, and which of them have changed since a snapshot."""

    def alone(self, task: Task) -> AbstractAsyncContextManager[Lease | None]:
        """The right to do a task, which no other process has meanwhile; None if another one has it."""
