"""Comparing all photos with all others in bounded memory."""

from collections.abc import Iterator

PAIRS = 2_000_000
"""Pairs of photos that are compared at a time."""


def row_blocks(count: int) -> Iterator[slice]:
    """Slices of `count` rows, each of which has about PAIRS pairs with all rows."""
    step = max(1, PAIRS // max(1, count))
    for start in range(0, count, step):
        yield slice(start, start + step)
