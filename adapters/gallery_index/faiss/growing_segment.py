"""The latest faces, with their exact vectors; a small gallery has nothing else."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from adapters.gallery_index.faiss.quantized import QuantizedVectors
from adapters.gallery_index.faiss.ranking import Hits, search_deep_enough, top
from application.ports.change_feed import FaceRows

_FIRST_CAPACITY = 64
_ROUNDING = np.float32(4e-6)
"""The maximum difference between sums of the same products in another order."""


@dataclass(frozen=True, slots=True, eq=False)
class GrowingSegment:
    """A view of a table that is only appended to, so that any thread may read it while another appends.

    Of two views of the same table, only the newer may be extended.
    """

    table: FaceRows
    """With spare capacity."""
    count: int
    """The number of its rows that are used, including removed faces."""
    alive: NDArray[np.bool_]
    """One flag for each of them, False if the face was removed."""

    def __len__(self) -> int:
        return int(np.count_nonzero(self.alive))

    @classmethod
    def of(cls, faces: FaceRows) -> "GrowingSegment":
        """With a table of its own."""
        empty = cls(_table(_FIRST_CAPACITY, faces.vectors.shape[1]), 0, np.zeros(0, dtype=np.bool_))
        return empty.extended(faces)

    def without(self, face_ids: NDArray[np.int64]) -> tuple["GrowingSegment", NDArray[np.int64]]:
        """What is left after a removal, and one person id for each face that was removed."""
        known = self.table.face_ids[: self.count]
        removed = (known == face_ids[0] if len(face_ids) == 1 else np.isin(known, face_ids)) & self.alive
        people: NDArray[np.int64] = self.table.person_ids[: self.count][removed]
        return (replace(self, alive=self.alive & ~removed) if len(people) else self), people

    def extended(self, faces: FaceRows) -> "GrowingSegment":
        """With more faces, whose ids must be new to it."""
        start, end = self.count, self.count + len(faces)
        table = self.table
        if end > len(table):
            table = _table(max(end, 2 * start), table.vectors.shape[1])
            _copy(self.table.take(slice(start)), table, 0)
        _copy(faces, table, start)
        return GrowingSegment(table, end, np.concatenate([self.alive, np.ones(len(faces), dtype=np.bool_)]))

    def nearest(self, probe: NDArray[np.float32], people: int) -> Hits:
        """Hits that include the nearest faces of the `people` nearest people."""
        rows = np.flatnonzero(self.alive)
        # Not @, which would use BLAS's threads beside those of the searches.
        similarities: NDArray[np.float32] = np.vecdot(self.table.vectors[: self.count], probe)[rows]
        face_ids, person_ids = self.table.face_ids[rows], self.table.person_ids[rows]

        def fetch(count: int) -> Hits:
            best = top(similarities, count)
            return Hits(face_ids[best], person_ids[best], similarities[best], np.full(len(best), _ROUNDING))

        return search_deep_enough(len(rows), len(rows), people, fetch)

    def rows(self, start: int = 0) -> FaceRows:
        """The faces that weren't removed, from a row on."""
        return self.table.take(start + np.flatnonzero(self.alive[start:]))

    def quantized(self, rows: NDArray[np.int64]) -> QuantizedVectors:
        """Some rows."""
        return QuantizedVectors.of(self.table.take(rows))


def _table(rows: int, dimensions: int) -> FaceRows:
    ids = np.zeros((2, rows), dtype=np.int64)
    return FaceRows(ids[0], ids[1], np.zeros((rows, dimensions), dtype=np.float32))


def _copy(faces: FaceRows, table: FaceRows, start: int) -> None:
    end = start + len(faces)
    table.face_ids[start:end] = faces.face_ids
    table.person_ids[start:end] = faces.person_ids
    table.vectors[start:end] = faces.vectors
