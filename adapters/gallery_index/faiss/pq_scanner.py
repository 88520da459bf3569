"""The first, coarse pass over many vectors."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import faiss
import numpy as np
from numpy.typing import NDArray

from adapters.gallery_index.faiss.shards import joined, search_in_threads, split

_BITS = 4
_MAX_FINE_DIMENSIONS = 256
"""Longer vectors have a code for every four numbers instead of two, which is precise enough and half the work."""

_FINE_RERANK_SHARE, _COARSE_RERANK_SHARE = 1000, 200
"""One in so many vectors is to be compared more precisely, for the nearest to be among them."""

_SAMPLE = 4096
_ITERATIONS = 10
_SEED = 6


class PqScanner:
    """Product quantizer with codes of 4 bits for two or four numbers, scanned 32 vectors at a time.

    After André, Kermarrec and Le Scouarnec, "Cache locality is not enough: High-performance nearest neighbor
    search with product quantization fast scan", VLDB 2015. For 128 dimensions, codes of two numbers take twice
    as long as codes of four, and the nearest face is then among the first hundreds, not the first 10,000.
    """

    def __init__(self, codes: faiss.IndexPQFastScan) -> None:
        """`codes` are of all vectors; they belong to the scanner from now on."""
        self._shards = split(codes)
        self._codes = search_in_threads(self._shards)

    def __len__(self) -> int:
        return self._codes.ntotal

    @property
    def rerank_depth(self) -> int:
        """How many of the nearest rows are to be compared more precisely."""
        fine = self._codes.d <= _MAX_FINE_DIMENSIONS
        return len(self) // (_FINE_RERANK_SHARE if fine else _COARSE_RERANK_SHARE)

    @classmethod
    def trained(cls, sample: NDArray[np.float32], vectors: Iterable[NDArray[np.float32]]) -> "PqScanner":
        """With the rows of all `vectors`, each N x D, and codes trained on a sample of them."""
        _use_one_thread()
        dimensions = sample.shape[1]
        numbers = math.gcd(dimensions, 2 if dimensions <= _MAX_FINE_DIMENSIONS else 4)
        codes = faiss.IndexPQFastScan(dimensions, dimensions // numbers, _BITS, faiss.METRIC_INNER_PRODUCT)
        training = codes.pq.cp
        training.niter, training.seed = _ITERATIONS, _SEED
        training.min_points_per_centroid, training.max_points_per_centroid = 1, _SAMPLE >> _BITS
        codes.train(sample)
        for some in vectors:
            codes.add(some)
        return cls(codes)

    @staticmethod
    def sample_rows(count: int) -> NDArray[np.int64]:
        """Which of `count` vectors to train with."""
        if count <= _SAMPLE:
            return np.arange(count)
        return np.sort(np.random.default_rng(_SEED).choice(count, _SAMPLE, replace=False))

    def nearest(self, probe: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        """The rows of approximately the `count` nearest vectors, approximately nearest first."""
        _use_one_thread()
        _, rows = self._codes.search(probe[np.newaxis], min(count, len(self)))
        found: NDArray[np.int64] = rows[0]
        return found[found >= 0]

    def write(self, path: Path) -> None:
        """To a file in faiss's format, the same however many shards there are."""
        faiss.write_index(joined(self._shards), str(path))

    @classmethod
    def read(cls, path: Path) -> "PqScanner":
        """From such a file, whose integrity must have been checked."""
        return cls(cast("faiss.IndexPQFastScan", faiss.read_index(str(path))))


def _use_one_thread() -> None:
    """Keep OpenMP from starting threads beside those of searches and shards; it has a setting for each caller."""
    faiss.omp_set_num_threads(1)
