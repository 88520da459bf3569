"""Many faces that don't change any more: only whether each was removed does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from adapters.gallery_index.faiss.quantized import QuantizedVectors
from adapters.gallery_index.faiss.ranking import Hits, search_deep_enough, top

if TYPE_CHECKING:
    from adapters.gallery_index.faiss.pq_scanner import PqScanner

_MIN_SCANNED = 1024
"""Faces. With fewer, comparing each takes no longer than a scan."""
_EXHAUSTIVE_SHARE = 4
"""If more than one in so many rows is wanted, all are compared instead of scanned first."""


@dataclass(frozen=True, slots=True, eq=False)
class SealedSegment:
    """Faces in the order of their ids. Immutable, so that any thread may read: a removal makes a new one."""

    name: str
    faces: QuantizedVectors
    """Including removed ones."""
    scanner: "PqScanner | None"
    """None if there are few faces."""
    people: int
    """The number of people, including removed ones."""
    alive: NDArray[np.bool_]
    """One flag a face, False if it was removed."""
    removed: int
    """The number of removed faces."""

    def __len__(self) -> int:
        return len(self.alive) - self.removed

    @classmethod
    def of(cls, name: str, faces: QuantizedVectors, scanner: "PqScanner | None") -> "SealedSegment":
        """Of what was made before."""
        alive = np.ones(len(faces.face_ids), dtype=np.bool_)
        return cls(name, faces, scanner, len(np.unique(faces.person_ids)), alive, 0)

    def with_alive(self, alive: NDArray[np.bool_]) -> "SealedSegment":
        """With other flags."""
        return replace(self, alive=alive, removed=int(np.count_nonzero(~alive)))

    def without(self, face_ids: NDArray[np.int64]) -> tuple["SealedSegment", NDArray[np.int64]]:
        """What is left after a removal, and one person id for each face that was removed."""
        rows = np.minimum(np.searchsorted(self.faces.face_ids, face_ids), len(self.alive) - 1)
        rows = rows[(self.faces.face_ids[rows] == face_ids) & self.alive[rows]]
        if not len(rows):
            return self, rows
        alive = self.alive.copy()
        alive[rows] = False
        left = replace(self, alive=alive, removed=self.removed + len(rows))
        return left, self.faces.person_ids[rows]

    def nearest(self, probe: NDArray[np.float32], people: int) -> Hits:
        """Hits that include the nearest faces of the `people` nearest people."""
        scanner = self.scanner

        def fetch(count: int) -> Hits:
            if scanner is None or count * _EXHAUSTIVE_SHARE > len(self.alive):
                hits = self.faces.compare(probe, np.flatnonzero(self.alive))
                return hits.take(top(hits.similarities, count))
            rows = scanner.nearest(probe, count)
            return self.faces.compare(probe, rows[self.alive[rows]] if self.removed else rows)

        min_depth = scanner.rerank_depth if scanner else 0
        return search_deep_enough(len(self.alive), self.people, people, fetch, min_depth)

    def quantized(self, rows: NDArray[np.int64]) -> QuantizedVectors:
        """Some rows."""
        return self.faces.take(rows)


def merged(several: Sequence[QuantizedVectors]) -> tuple[SealedSegment, NDArray[np.int64]]:
    """A segment of all faces, and for each of its rows the place in the given sequence.

    Takes 3 s of one core for a million faces of 128 dimensions.
    """
    order = np.argsort(np.concatenate([each.face_ids for each in several]))
    faces = QuantizedVectors.merged(several, order)
    scanner = None
    if len(order) >= _MIN_SCANNED:
        scanners = scanner_class()
        sample = faces.decoded(scanners.sample_rows(len(order)))
        scanner = scanners.trained(sample, faces.chunks())
    return SealedSegment.of(uuid4().hex, faces, scanner), order


def scanner_class() -> "type[PqScanner]":
    """PqScanner; imported only now, since faiss takes 17 MB, and most galleries are small."""
    scanners: type[PqScanner] = import_module("adapters.gallery_index.faiss.pq_scanner").PqScanner
    return scanners
