"""Vectors of 8 bits a number: near enough to choose by, a quarter of their size."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.faiss.ranking import Hits

_GREATEST = 127
_CHUNK = 65536
"""Rows that are decoded at once."""

_COMPARED = 512
"""Rows that are compared at once: as floats they fit into a core's cache."""

_ERROR = 1.5
"""Similarities are off by less than so much of a row's scale, but for one in ten million.

A number is off by up to half of the scale either way, its standard deviation is 0.29 of the scale, and so is
that of the similarity, since the probe is of unit norm.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """N faces, their vectors as integers and what to multiply these with."""

    keys: NDArray[np.int64]
    people: NDArray[np.int64]
    codes: NDArray[np.int8]
    """N x D, each row's greatest number is 127 or -127."""
    scales: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.keys)

    @classmethod
    def of(cls, keys: NDArray[np.int64], people: NDArray[np.int64], vectors: NDArray[np.float32]) -> "Coded":
        """N x D vectors, none of them zero."""
        scales: NDArray[np.float32] = np.abs(vectors).max(axis=1) / np.float32(_GREATEST)
        return cls(keys, people, np.rint(vectors / scales[:, np.newaxis]).astype(np.int8), scales)

    @classmethod
    def together(cls, several: Sequence["Coded"]) -> "Coded":
        """All of one or more, in the order of their keys."""
        keys = np.concatenate([some.keys for some in several])
        order = np.argsort(keys)
        return cls(
            keys[order],
            np.concatenate([some.people for some in several])[order],
            np.concatenate([some.codes for some in several])[order],
            np.concatenate([some.scales for some in several])[order],
        )

    def take(self, rows: NDArray[np.int64]) -> "Coded":
        """Some of them."""
        return Coded(self.keys[rows], self.people[rows], self.codes[rows], self.scales[rows])

    def decoded(self, rows: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        """Their vectors, about."""
        vectors: NDArray[np.float32] = self.codes[rows] * self.scales[rows, np.newaxis]
        return vectors

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """All vectors, some at a time: they would fill the memory at once."""
        for start in range(0, len(self), _CHUNK):
            yield self.decoded(slice(start, start + _CHUNK))

    def compared(self, probe: NDArray[np.float32], rows: NDArray[np.int64]) -> Hits:
        """Some of them, with their similarities to the probe."""
        scales = self.scales[rows]
        similarities = np.empty(len(rows), dtype=np.float32)
        for start in range(0, len(rows), _COMPARED):
            part = slice(start, start + _COMPARED)
            # Not @, which would wake BLAS's threads: the worker pool is what uses the cores.
            np.vecdot(self.codes.take(rows[part], axis=0).astype(np.float32), probe, out=similarities[part])
        similarities *= scales
        return Hits(self.keys[rows], self.people[rows], similarities, scales * np.float32(_ERROR))
