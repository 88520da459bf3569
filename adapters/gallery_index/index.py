"""The port of indexes that each instance has for itself.

An index is never the truth. It says which people may be nearest to a probe; the database's rows, which are read
again for every answer, say who they are and how near exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from numpy import float32, int64
from numpy.typing import NDArray

from application.ports.change_feed import Changes, GalleryKey, SnapshotToken


@dataclass(frozen=True, slots=True)
class MaintenanceIntervals:
    """How often things are done in the background, in seconds."""

    follow: float = 30
    """Read and apply changes, though nobody searches."""
    forget: float = 300
    """Erase removed faces from memory and from what is saved."""
    save: float = 1800
    """Save changes."""
    retry: float = 5
    """Try again after a failure."""


@dataclass(frozen=True, slots=True, eq=False)
class Shortlist:
    """The people nearest to a probe, and those who may be as near given the precision of the index."""

    snapshot: SnapshotToken
    """The state of the database that was searched."""
    searched: int
    """The exact number of people that the probe was compared with."""
    person_ids: NDArray[int64]
    """Nearest first: as many as were asked for and perhaps some more, or all."""
    face_ids: NDArray[int64]
    """The nearest face of each."""
    similarities: NDArray[float32]
    """The approximate cosine similarity of that face."""


class GalleryIndex(Protocol):
    """One gallery's faces. All methods may be called concurrently."""

    @property
    def snapshot(self) -> SnapshotToken:
        """That of the last changes that were applied; NO_SNAPSHOT before."""

    def __len__(self) -> int:
        """The number of faces."""

    async def apply(self, changes: Changes) -> bool:
        """Apply all changes at once, so that a concurrent search sees either none or all of them.

        False, and nothing is changed, when the index isn't at `changes.since`.
        """

    async def search(self, probe: NDArray[float32], people: int) -> Shortlist:
        """The `people` people, one or more, nearest to `probe` (D numbers, unit norm), by their nearest face."""

    async def maintain(self) -> None:
        """Do what is due for searches to stay fast, for removed faces to be erased, and for the next start."""

    async def save(self) -> None:
        """Erase removed faces from memory and from what is saved, now, and save what the next start can use."""


class IndexStore(Protocol):
    """Where indexes are kept from one start to the next."""

    async def open(self, gallery: GalleryKey, *, discard: bool = False) -> GalleryIndex:
        """As it was saved; empty, at NO_SNAPSHOT, if nothing usable was.

        With `discard` what was saved is deleted first.
        """

    async def keep_only(self, galleries: set[GalleryKey]) -> None:
        """Delete what was saved of all other galleries."""

    async def requests_to_erase(self) -> Sequence[str]:
        """What other processes ask of the one that saves the indexes: to erase removed faces from all of them."""

    async def answer(self, requests: Sequence[str]) -> None:
        """Tell those who asked that it is done."""

    async def close(self) -> None:
        """Release the resources, after all indexes are closed."""
