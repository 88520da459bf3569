"""Galleries that are made up, and what an exact search of them finds."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from adapters.gallery_index.faiss.segmented_index import SegmentedIndex
from application.ports.change_feed import NO_SNAPSHOT, Changes, FaceRows, GalleryKey

DIMENSIONS = 16
GALLERY = GalleryKey("default", "sface", DIMENSIONS)


def vector(seed: int) -> NDArray[np.float32]:
    """Of unit norm, the same for the same seed."""
    numbers: NDArray[np.float32] = vectors(1, seed)[0]
    return numbers


def vectors(count: int, seed: int = 200_000) -> NDArray[np.float32]:
    """N x D, unit norm."""
    numbers = np.random.default_rng(seed).standard_normal((count, DIMENSIONS), dtype=np.float32)
    numbers /= np.linalg.norm(numbers, axis=1, keepdims=True)
    return numbers


def near(face: NDArray[np.float32], similarity: float, seed: int = 0) -> NDArray[np.float32]:
    """A vector with this similarity to a face."""
    other = vector(100_000 + seed)
    other = other - (other @ face) * face
    other /= np.linalg.norm(other)
    return np.asarray(similarity * face + np.sqrt(1 - similarity**2) * other, dtype=np.float32)


def put(
    index: SegmentedIndex,
    snapshot: int,
    faces: Mapping[int, int] | None = None,
    found: NDArray[np.float32] | None = None,
    removed: Iterable[int] = (),
) -> None:
    """Bring an index to a snapshot; 0 is none.

    `faces`: the person of each face; `found`: their vectors, or else those of the face ids.
    """
    faces = faces or {}
    if found is None:
        found = np.array([vector(key) for key in faces], dtype=np.float32).reshape(-1, DIMENSIONS)
    rows = FaceRows(_numbers(faces), _numbers(faces.values()), found)
    assert index.apply(Changes(index.snapshot, str(snapshot or NO_SNAPSHOT), rows, _numbers(removed)))


def nearest_people(
    probe: NDArray[np.float32], faces: NDArray[np.float32], people: NDArray[np.int64], wanted: int
) -> list[int]:
    """By exact search, nearest first."""
    order = np.argsort(-(faces @ probe), kind="stable")
    return list(dict.fromkeys(people[order].tolist()))[:wanted]


def _numbers(values: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(values), dtype=np.int64)
