"""The latest faces, with their vectors as they are: small galleries are nothing else."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from adapters.faiss.coded import Coded
from adapters.faiss.ranking import Hits, deep_enough, greatest
from application.ports.index import IndexRows

_FIRST_CAPACITY = 64
_ROUNDING = np.float32(4e-6)
"""Sums of the same products in another order differ by less."""


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """A moment of a table that is only ever appended to, so that any thread may read an older one.

    Of two tails with the same table only the newer may be appended to.
    """

    table: IndexRows
    """With room behind the rows that count."""
    count: int
    alive: NDArray[np.bool_]
    """Which of the `count` rows are there."""

    def __len__(self) -> int:
        return int(np.count_nonzero(self.alive))

    @classmethod
    def empty(cls, dimensions: int) -> "Tail":
        """No faces."""
        return cls(_table(_FIRST_CAPACITY, dimensions), 0, np.zeros(0, dtype=np.bool_))

    def without(self, keys: NDArray[np.int64]) -> tuple["Tail", NDArray[np.int64]]:
        """The tail that is left, and whose faces the removed ones were: a number for each."""
        known = self.table.keys[: self.count]
        gone = (known == keys[0] if len(keys) == 1 else np.isin(known, keys)) & self.alive
        people: NDArray[np.int64] = self.table.people[: self.count][gone]
        return (replace(self, alive=self.alive & ~gone) if len(people) else self), people

    def extended(self, faces: IndexRows) -> "Tail":
        """With more faces, none of whose keys is there."""
        start, end = self.count, self.count + len(faces.keys)
        table = self.table
        if end > len(table.keys):
            table = _table(max(end, 2 * start), table.vectors.shape[1])
            old = self.table
            _copy(IndexRows(old.keys[:start], old.people[:start], old.vectors[:start]), table, 0)
        _copy(faces, table, start)
        return Tail(table, end, np.concatenate([self.alive, np.ones(end - start, dtype=np.bool_)]))

    def nearest(self, probe: NDArray[np.float32], people: int) -> Hits:
        """Faces among which are the nearest ones of the `people` nearest people."""
        rows = np.flatnonzero(self.alive)
        vectors = self.table.vectors[: self.count]
        # Not @, which would wake BLAS's threads: the worker pool is what uses the cores.
        similarities: NDArray[np.float32] = np.vecdot(vectors, probe)[rows]
        keys, whose = self.table.keys[rows], self.table.people[rows]

        def fetch(count: int) -> Hits:
            best = greatest(similarities, count)
            return Hits(keys[best], whose[best], similarities[best], np.full(len(best), _ROUNDING))

        return deep_enough(len(rows), len(rows), people, fetch)

    def rows(self, start: int = 0) -> IndexRows:
        """The faces that are there, from a row on."""
        rows = start + np.flatnonzero(self.alive[start:])
        return IndexRows(self.table.keys[rows], self.table.people[rows], self.table.vectors[rows])

    def coded(self) -> tuple[Coded, NDArray[np.int64]]:
        """The faces that are there, and their rows."""
        faces = self.rows()
        return Coded.of(faces.keys, faces.people, faces.vectors), np.flatnonzero(self.alive)


def _table(rows: int, dimensions: int) -> IndexRows:
    numbers = np.zeros((2, rows), dtype=np.int64)
    return IndexRows(numbers[0], numbers[1], np.zeros((rows, dimensions), dtype=np.float32))


def _copy(faces: IndexRows, table: IndexRows, start: int) -> None:
    end = start + len(faces.keys)
    table.keys[start:end] = faces.keys
    table.people[start:end] = faces.people
    table.vectors[start:end] = faces.vectors
