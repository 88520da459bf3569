"""The first, coarse look at many vectors."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import faiss
import numpy as np
from numpy.typing import NDArray

from adapters.faiss.ranges import joined, ranges, together

LEAST = 1024
"""Fewer vectors are looked at one by one: nothing would be won."""

_BITS = 4
_FINE_UP_TO = 256
"""Vectors of more numbers have codes for every four, not two: more of them tell enough, in half of the time."""

_FINE_REACH, _COARSE_REACH = 1000, 200
"""The nearest vector is found among the first of so many parts of all."""

_SAMPLE = 4096
_ITERATIONS = 10
_SEED = 6


class Scanner:
    """Product-quantiser codes of 4 bits for every two numbers or four, scanned 32 vectors at a time.

    After André, Kermarrec and Le Scouarnec, "Cache locality is not enough: High-performance nearest neighbor
    search with product quantization fast scan", VLDB 2015. With 128 numbers, two a code and not four
    double the scan, and the nearest face is then among the first hundreds rather than among the first 10,000.
    """

    def __init__(self, codes: faiss.IndexPQFastScan) -> None:
        """Of all vectors; the index is not used any more."""
        self._ranges = ranges(codes)
        self._codes = together(self._ranges)

    def __len__(self) -> int:
        return self._codes.ntotal

    @property
    def reach(self) -> int:
        """How many of the nearest are to be looked at closely, for the very nearest to be among them."""
        return len(self) // (_FINE_REACH if self._codes.d <= _FINE_UP_TO else _COARSE_REACH)

    @classmethod
    def built(cls, sample: NDArray[np.float32], vectors: Iterable[NDArray[np.float32]]) -> "Scanner":
        """Of vectors, each N x D, with codes that fit a sample of them."""
        _one_thread()
        dimensions = sample.shape[1]
        numbers = math.gcd(dimensions, 2 if dimensions <= _FINE_UP_TO else 4)
        codes = faiss.IndexPQFastScan(dimensions, dimensions // numbers, _BITS, faiss.METRIC_INNER_PRODUCT)
        training = codes.pq.cp
        training.niter, training.seed = _ITERATIONS, _SEED
        training.min_points_per_centroid, training.max_points_per_centroid = 1, _SAMPLE >> _BITS
        codes.train(sample)
        for some in vectors:
            codes.add(some)
        return cls(codes)

    @staticmethod
    def sample(count: int) -> NDArray[np.int64]:
        """Which of `count` vectors to train with."""
        if count <= _SAMPLE:
            return np.arange(count)
        return np.sort(np.random.default_rng(_SEED).choice(count, _SAMPLE, replace=False))

    def nearest(self, probe: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """The rows of about the `count` nearest vectors, about nearest first."""
        _one_thread()
        _, rows = self._codes.search(probe[np.newaxis], min(count, len(self)))
        found: NDArray[np.int64] = rows[0]
        return found[found >= 0]

    def write(self, path: Path) -> None:
        """To a file of faiss's own format."""
        faiss.write_index(joined(self._ranges), str(path))

    @classmethod
    def read(cls, path: Path) -> "Scanner":
        """From such a file, which must be as it was written."""
        return cls(cast("faiss.IndexPQFastScan", faiss.read_index(str(path))))


def _one_thread() -> None:
    """The worker pool and the ranges are what uses the cores. OpenMP keeps this number for each calling thread."""
    faiss.omp_set_num_threads(1)
