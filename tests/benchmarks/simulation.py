"""Embeddings that behave like a recogniser's, as many as wanted.

SFace's fill their 128 dimensions nearly evenly: participation ratio 114. Another photo of a person is about
0.62 similar, give or take 0.13, as the genuine pairs of Labeled Faces in the Wild are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tests.benchmarks.galleries import SimulatedGallery

_WIDEST, _NARROWEST = 1.3, 0.68
"""Standard deviations of the first and of the last dimension: participation ratio 114 of 128."""

_MATED_MEAN, _MATED_DEVIATION, _MATED_RANGE = 0.62, 0.13, (0.15, 0.95)
_BLOCK = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class Probes:
    """P photos of enrolled people."""

    vectors: NDArray[np.float32]
    mates: NDArray[np.int64]
    """The row of the enrolled face of each."""
    exact: NDArray[np.int64]
    """The ten nearest rows to each by exact search, nearest first."""

    @property
    def identified(self) -> float:
        """The part of the probes whose mate is the nearest of all: 1 is not to be had."""
        return float(np.mean(self.exact[:, 0] == self.mates))


def faces(count: int, dimensions: int, seed: int = 0) -> NDArray[np.float32]:
    """N x D, unit norm, one a person."""
    return _unit(_numbers(np.random.default_rng(seed), count, dimensions))


def probes(gallery: "SimulatedGallery", count: int, seed: int = 1) -> Probes:
    """Other photos of some of the people."""
    random = np.random.default_rng(seed)
    mates = random.choice(len(gallery), count, replace=False)
    mean, deviation = _MATED_MEAN, _MATED_DEVIATION
    similar = np.clip(random.normal(mean, deviation, (count, 1)), *_MATED_RANGE)
    order = np.argsort(mates)
    face = gallery.rows(mates[order])[np.argsort(order)]
    other = _numbers(random, count, gallery.dimensions)
    other = _unit(other - np.vecdot(other, face)[:, np.newaxis] * face)
    vectors = np.asarray(similar * face + np.sqrt(1 - similar**2) * other, dtype=np.float32)
    return Probes(vectors, mates, _nearest(gallery, vectors))


def _nearest(gallery: "SimulatedGallery", vectors: NDArray[np.float32], count: int = 10) -> NDArray[np.int64]:
    best = np.full((len(vectors), count), -2, dtype=np.float32)
    rows = np.zeros((len(vectors), count), dtype=np.int64)
    for start, block in _blocks(gallery):
        similarities = vectors @ block.T
        for probe in np.flatnonzero(similarities.max(axis=1) > best[:, -1]):
            better = np.flatnonzero(similarities[probe] > best[probe, -1])
            merged = np.concatenate([best[probe], similarities[probe, better]])
            order = np.argsort(-merged)[:count]
            best[probe] = merged[order]
            rows[probe] = np.concatenate([rows[probe], start + better])[order]
    return rows


def _blocks(gallery: "SimulatedGallery") -> Iterator[tuple[int, NDArray[np.float32]]]:
    for first, block in gallery.blocks():
        for start in range(0, len(block), _BLOCK):
            yield first + start, block[start : start + _BLOCK]


def _numbers(random: np.random.Generator, count: int, dimensions: int) -> NDArray[np.float32]:
    deviations = np.linspace(_WIDEST, _NARROWEST, dimensions, dtype=np.float32)
    numbers: NDArray[np.float32] = random.standard_normal((count, dimensions), dtype=np.float32)
    numbers *= deviations
    return numbers


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors
