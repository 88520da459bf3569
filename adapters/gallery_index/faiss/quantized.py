"""Vectors of 8 bits a number: precise enough to rank candidates by, at a quarter of the size."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.gallery_index.faiss.ranking import Hits

_MAX_CODE = 127
_DECODED_ROWS = 65536
"""Rows that are decoded at once."""

_COMPARED_ROWS = 512
"""Rows that are compared at once: as floats they fit into a core's cache."""

_ERROR = 1.5
"""The maximum error of a similarity in units of its row's scale, exceeded once in ten million.

Rounding errors are uniform within half a scale either way, so that their standard deviation is 0.29 scales, and as
the probe is of unit norm, that of the similarity is the same.
"""


@dataclass(frozen=True, slots=True, eq=False)
class QuantizedVectors:
    """N faces, their vectors as integers and a scale."""

    face_ids: NDArray[np.int64]
    person_ids: NDArray[np.int64]
    codes: NDArray[np.int8]
    """N x D; the greatest number of each row is 127 or -127."""
    scales: NDArray[np.float32]
    """N, what to multiply the codes of a row by."""

    def __len__(self) -> int:
        return len(self.face_ids)

    @classmethod
    def of(
        cls, face_ids: NDArray[np.int64], person_ids: NDArray[np.int64], vectors: NDArray[np.float32]
    ) -> "QuantizedVectors":
        """Of N x D vectors, none of them zero."""
        scales: NDArray[np.float32] = np.abs(vectors).max(axis=1) / np.float32(_MAX_CODE)
        return cls(face_ids, person_ids, np.rint(vectors / scales[:, np.newaxis]).astype(np.int8), scales)

    @classmethod
    def merged(cls, several: Sequence["QuantizedVectors"], order: NDArray[np.int64]) -> "QuantizedVectors":
        """All of one or more, their concatenated rows in a given order."""
        return cls(
            np.concatenate([each.face_ids for each in several])[order],
            np.concatenate([each.person_ids for each in several])[order],
            np.concatenate([each.codes for each in several])[order],
            np.concatenate([each.scales for each in several])[order],
        )

    def take(self, rows: NDArray[np.int64]) -> "QuantizedVectors":
        """Some rows."""
        return QuantizedVectors(
            self.face_ids[rows], self.person_ids[rows], self.codes[rows], self.scales[rows]
        )

    def decoded(self, rows: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        """The approximate vectors of some rows."""
        vectors: NDArray[np.float32] = self.codes[rows] * self.scales[rows, np.newaxis]
        return vectors

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """All approximate vectors, some at a time, as all at once may not fit into memory."""
        for start in range(0, len(self), _DECODED_ROWS):
            yield self.decoded(slice(start, start + _DECODED_ROWS))

    def compare(self, probe: NDArray[np.float32], rows: NDArray[np.int64]) -> Hits:
        """Some rows with their similarity to the probe."""
        scales = self.scales[rows]
        similarities = np.empty(len(rows), dtype=np.float32)
        for start in range(0, len(rows), _COMPARED_ROWS):
            part = slice(start, start + _COMPARED_ROWS)
            # Not @, which would use BLAS's threads beside those of the searches.
            np.vecdot(self.codes.take(rows[part], axis=0).astype(np.float32), probe, out=similarities[part])
        similarities *= scales
        return Hits(self.face_ids[rows], self.person_ids[rows], similarities, scales * np.float32(_ERROR))
