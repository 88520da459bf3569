"""Indexes that are resident beside the store: the people who may be nearest to a probe, in little time.

An index is never the truth. It names people; the store says who they are, and how near exactly.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from numpy import float32, int64
from numpy.typing import NDArray

Moment: TypeAlias = str
"""A state of the store, in words of its own (see application.ports.source); only the store can compare two."""

NEVER: Moment = ""
"""Before everything: an index that isn't filled yet."""


@dataclass(frozen=True, slots=True)
class GalleryKey:
    """What an index is of: one collection's faces of one recognition model."""

    collection: str
    model: str
    dimensions: int
    """D, the length of an embedding."""

    def __str__(self) -> str:
        return f"collection {self.collection}, model {self.model}"


@dataclass(frozen=True, slots=True, eq=False)
class IndexRows:
    """N faces."""

    keys: NDArray[int64]
    """The faces' ids, no two equal."""
    people: NDArray[int64]
    """The ids of the people whose faces they are."""
    vectors: NDArray[float32]
    """N x D, unit norm."""

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """What became of a gallery. Applied twice they are as applied once."""

    since: Moment
    """They hold for an index that was like the store at this moment."""
    moment: Moment
    """Such an index is then like the store at this one; NEVER while it isn't filled."""
    faces: IndexRows
    """New faces, and known ones with another person or vector."""
    removed: NDArray[int64]
    """The keys of faces that are gone; the index may not know some. None is in `faces`."""

    def __len__(self) -> int:
        return len(self.faces) + len(self.removed)


@dataclass(frozen=True, slots=True, eq=False)
class Shortlist:
    """The nearest people, and those who can't be told from them by what the index keeps."""

    moment: Moment
    """What was searched is like the store at this moment."""
    searched: int
    """The exact number of people that the probe was compared with."""
    people: NDArray[int64]
    """Their ids, nearest first: as many as were asked for and some more, or all."""
    faces: NDArray[int64]
    """Id of the nearest face of each."""
    similarities: NDArray[float32]
    """About the cosine similarity to that face."""


class GalleryIndex(Protocol):
    """One gallery's faces. Safe to call from several threads at once; searches wait for nobody."""

    @property
    def gallery(self) -> GalleryKey:
        """What it is of."""
        ...

    @property
    def moment(self) -> Moment:
        """That of the last changes that were applied; NEVER before."""
        ...

    def __len__(self) -> int:
        """The number of faces."""
        ...

    def apply(self, changes: Changes) -> bool:
        """All at once: a search sees all of the changes or none, and those before it began.

        False, and nothing is changed, when the index isn't at `changes.since`.
        """
        ...

    def search(self, probe: NDArray[float32], people: int) -> Shortlist:
        """The `people` people, one or more, nearest to `probe` (D numbers, unit norm), by their nearest face."""
        ...

    def maintain(self) -> bool:
        """Do what has come to be due so that searches stay fast; False when nothing was.

        Seconds of one core for a million faces, so call it in a worker, until it is False.
        """
        ...

    def has_remains(self) -> bool:
        """Whether memory, or what was saved, still holds something of faces that are gone."""
        ...

    def save(self) -> None:
        """Forget what remains of the faces that are gone, and keep the rest for the next start.

        Raises:
            OSError: it can't be kept; what was saved before can still be used, or will be found unusable.
        """
        ...


class GalleryIndexes(Protocol):
    """Where indexes are kept from one start to the next."""

    def open(self, gallery: GalleryKey) -> GalleryIndex:
        """As it was saved; empty, at NEVER, when it wasn't, or when what was saved can't be used."""
        ...

    def new(self, gallery: GalleryKey) -> GalleryIndex:
        """An empty one; what was saved is removed."""
        ...

    def keep_only(self, galleries: set[GalleryKey]) -> None:
        """Remove what was saved of all others."""
        ...

    def close(self) -> None:
        """Leave what was saved to whoever comes next."""
        ...
