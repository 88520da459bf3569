"""Pairs of photos: those of the same person, and all of them in bounded memory."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

PAIRS = 2_000_000
"""Pairs of photos that are compared at a time."""


def row_blocks(count: int) -> Iterator[slice]:
    """Slices of `count` rows, each of which has about PAIRS pairs with all rows."""
    step = max(1, PAIRS // max(1, count))
    for start in range(0, count, step):
        yield slice(start, start + step)


def genuine_pairs(people: NDArray[np.intp]) -> NDArray[np.intp]:
    """All pairs of photos of the same person, P x 2 indices."""
    pairs = [
        rows[np.stack(np.triu_indices(len(rows), 1), axis=1)]
        for rows in (np.flatnonzero(people == person) for person in np.unique(people))
    ]
    return np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=np.intp)
