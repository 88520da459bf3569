"""One recognition model's faces as the rows of one matrix, for exact search."""

from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from domain.people import Face, Match

_FIRST_CAPACITY = 64
_WIDENING = 4
"""When one person fills the candidates, so many times more are taken."""


class Shelf:
    """Grows by doubling; a deleted face leaves an empty row, until half of the rows are empty.

    A row is never written again, except that a deleted one is wiped: a search can so read a snapshot in
    another thread, without a lock, while faces come and go.
    """

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._vectors = np.zeros((_FIRST_CAPACITY, dimensions), dtype=np.float32)
        self._faces: list[Face | None] = []
        self._rows: dict[Face, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, face: Face, vector: NDArray[np.float32]) -> None:
        """`vector` has `dimensions` numbers."""
        row = len(self._faces)
        if row == len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.zeros_like(self._vectors)])
        self._vectors[row] = vector
        self._faces.append(face)
        self._rows[face] = row

    def remove(self, face: Face) -> None:
        """The face must be there."""
        row = self._rows.pop(face)
        self._faces[row] = None
        self._vectors[row] = 0.0
        if len(self._faces) > max(_FIRST_CAPACITY, 2 * len(self)):
            self._compact()

    def _compact(self) -> None:
        """New arrays rather than moved rows: a search may still be reading the old ones."""
        vectors = self._vectors[list(self._rows.values())]
        padding = np.zeros((max(_FIRST_CAPACITY, len(vectors)), self.dimensions), dtype=np.float32)
        self._vectors = np.concatenate([vectors, padding])
        self._faces = list(self._rows)
        self._rows = {face: row for row, face in enumerate(self._rows)}

    def snapshot(self) -> "Snapshot":
        """The faces of this moment; one deleted later is not found, one added later neither."""
        count = len(self._faces)
        return Snapshot(self._vectors[:count], self._faces)


class Snapshot:
    """What a search reads."""

    def __init__(self, vectors: NDArray[np.float32], faces: list[Face | None]) -> None:
        self._vectors = vectors
        self._faces = faces

    def nearest(self, probe: NDArray[np.float32], limit: int) -> list[Match]:
        """The `limit` nearest people, each by their nearest face; equals by face id."""
        # vecdot and not @: it sums each row alone, so that equal vectors have equal similarities
        # wherever they lie, as in PostgreSQL.
        similarities: NDArray[np.float32] = np.vecdot(self._vectors, probe)
        count, wanted = len(similarities), limit
        while True:
            rows = _best(similarities, wanted)
            matches = self._one_a_person(rows, similarities)
            if len(matches) >= limit or len(rows) == count:
                return matches[:limit]
            wanted *= _WIDENING

    def _one_a_person(self, rows: list[int], similarities: NDArray[np.float32]) -> list[Match]:
        """Nearest first."""
        enrolled = [(face, float(similarities[row])) for row in rows if (face := self._faces[row])]
        enrolled.sort(key=lambda item: (-item[1], item[0].id))
        people: dict[UUID, Match] = {}
        for face, similarity in enrolled:
            people.setdefault(face.profile_id, Match(face, min(1.0, max(-1.0, similarity))))
        return list(people.values())


def _best(similarities: NDArray[np.float32], wanted: int) -> list[int]:
    """The rows of the `wanted` greatest, and of all that equal the last of these."""
    cut = len(similarities) - wanted
    if cut <= 0:
        return list(range(len(similarities)))
    least = np.partition(similarities, cut)[cut]
    return [int(row) for row in np.flatnonzero(similarities >= least)]
