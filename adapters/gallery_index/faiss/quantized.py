"""Vectors of 8 bits a number: precise enough to rank candidates by, at a quarter of the size."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adapters.gallery_index.faiss.ranking import Hits
from application.ports.change_feed import FaceRows

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


class QuantizedVectors(NamedTuple):
    """N faces, their vectors as integers and a scale."""

    face_ids: NDArray[np.int64]
    person_ids: NDArray[np.int64]
    codes: NDArray[np.int8]
    """N x D; the greatest number of each row is 127 or -127."""
    scales: NDArray[np.float32]
    """N, what to multiply the codes of a row by."""

    @classmethod
    def of(cls, faces: FaceRows) -> "QuantizedVectors":
        """Of vectors, none of them zero."""
        scales: NDArray[np.float32] = np.abs(faces.vectors).max(axis=1) / np.float32(_MAX_CODE)
        codes = np.rint(faces.vectors / scales[:, np.newaxis]).astype(np.int8)
        return cls(faces.face_ids, faces.person_ids, codes, scales)

    @classmethod
    def merged(cls, several: Sequence["QuantizedVectors"], order: NDArray[np.int64]) -> "QuantizedVectors":
        """All of one or more, their concatenated rows in a given order."""
        return cls._make(np.concatenate(columns)[order] for columns in zip(*several, strict=True))

    def take(self, rows: NDArray[np.int64]) -> "QuantizedVectors":
        """Some rows."""
        return QuantizedVectors._make(column[rows] for column in self)

    def decoded(self, rows: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        """The approximate vectors of some rows."""
        vectors: NDArray[np.float32] = self.codes[rows] * self.scales[rows, np.newaxis]
        return vectors

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """All approximate vectors, some at a time, as all at once may not fit into memory."""
        for start in range(0, len(self.face_ids), _DECODED_ROWS):
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
