"""Many faces that stay as they are: only whether they are still there changes, and that beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from adapters.faiss.coded import Coded
from adapters.faiss.ranking import Hits, deep_enough, greatest
from adapters.faiss.scanner import LEAST, Scanner

_WORTH_SCANNING = 4
"""If more than one in so many rows is wanted, all are compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Faces in the order of their keys; never changed, so that any thread may read."""

    name: str
    faces: Coded
    scanner: Scanner | None
    """None if there are few."""
    known: int
    """The number of people."""

    def __len__(self) -> int:
        return len(self.faces)

    @classmethod
    def built(cls, faces: Coded) -> "Segment":
        """Trained and filled: about 3 s of one core for a million faces of 128 numbers."""
        scanner = None
        if len(faces) >= LEAST:
            scanner = Scanner.built(faces.decoded(Scanner.sample(len(faces))), faces.chunks())
        return cls.of(uuid4().hex, faces, scanner)

    @classmethod
    def of(cls, name: str, faces: Coded, scanner: Scanner | None) -> "Segment":
        """From what was built before."""
        return cls(name, faces, scanner, len(np.unique(faces.people)))

    def find(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of those of the keys that are in it."""
        if not len(self):
            return np.zeros(0, dtype=np.int64)
        rows = np.minimum(np.searchsorted(self.faces.keys, keys), len(self) - 1)
        found: NDArray[np.int64] = rows[self.faces.keys[rows] == keys]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A segment, and which of its faces are there. Never changed either: a change makes a new part."""

    segment: Segment
    alive: NDArray[np.bool_]
    """One a row."""
    dead: int
    """How many are not there any more."""

    @classmethod
    def whole(cls, segment: Segment) -> "Part":
        """Every face is there."""
        return cls(segment, np.ones(len(segment), dtype=np.bool_), 0)

    def __len__(self) -> int:
        return len(self.segment) - self.dead

    def without(self, keys: NDArray[np.int64]) -> tuple["Part", NDArray[np.int64]]:
        """The part that is left, and whose faces the removed ones were: a number for each."""
        rows = self.segment.find(keys)
        rows = rows[self.alive[rows]]
        if not len(rows):
            return self, rows
        alive = self.alive.copy()
        alive[rows] = False
        return replace(self, alive=alive, dead=self.dead + len(rows)), self.segment.faces.people[rows]

    def nearest(self, probe: NDArray[np.float32], people: int) -> Hits:
        """Faces among which are the nearest ones of the `people` nearest people."""

        def fetch(count: int) -> Hits:
            if scanner is None or count * _WORTH_SCANNING > len(self.segment):
                hits = self.segment.faces.compared(probe, np.flatnonzero(self.alive))
                return hits.take(greatest(hits.similarities, count))
            rows = scanner.nearest(probe, count)
            return self.segment.faces.compared(probe, rows[self.alive[rows]] if self.dead else rows)

        scanner = self.segment.scanner
        least = scanner.reach if scanner else 0
        return deep_enough(len(self.segment), self.segment.known, people, fetch, least)

    def coded(self) -> tuple[Coded, NDArray[np.int64]]:
        """The faces that are there, and their rows."""
        rows = np.flatnonzero(self.alive)
        return self.segment.faces.take(rows), rows


def merged(several: Sequence[Coded]) -> tuple[Segment, NDArray[np.int64]]:
    """One segment of all, and for each of its rows its place in the sequence of all given ones."""
    order = np.argsort(np.concatenate([some.keys for some in several]))
    return Segment.built(Coded.together(several)), order
