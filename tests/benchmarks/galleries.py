"""Simulated galleries: in memory, or made again each time that they are read, where memory can't hold them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from tests.benchmarks import simulation

_BLOCK_BYTES = 1 << 27
"""Of vectors that are handed out at once."""


class SimulatedGallery(Protocol):
    """N faces of D numbers, one a person; a face's id is its row."""

    @property
    def dimensions(self) -> int:
        """D."""
        ...

    def __len__(self) -> int: ...

    def blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """All faces in order: the first row and the vectors of each block."""
        ...

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of some rows, which are ascending."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class GalleryInMemory(SimulatedGallery):
    """An array."""

    vectors: NDArray[np.float32]

    @property
    @override
    def dimensions(self) -> int:
        return int(self.vectors.shape[1])

    @override
    def __len__(self) -> int:
        return len(self.vectors)

    @override
    def blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        step = block_rows(self.dimensions)
        for start in range(0, len(self), step):
            yield start, self.vectors[start : start + step]

    @override
    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.vectors[numbers]


@dataclass(frozen=True, slots=True)
class StreamedGallery(SimulatedGallery):
    """Each block has a seed of its own; ten million faces of 128 numbers take half a minute to go through."""

    faces: int
    numbers: int
    """Of a face."""
    seed: int = 0

    @property
    @override
    def dimensions(self) -> int:
        return self.numbers

    @override
    def __len__(self) -> int:
        return self.faces

    @override
    def blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        step = block_rows(self.numbers)
        for start in range(0, self.faces, step):
            count = min(step, self.faces - start)
            yield start, simulation.faces(count, self.numbers, self.seed + start)

    @override
    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        found = [np.zeros((0, self.numbers), dtype=np.float32)]
        for start, block in self.blocks():
            first, last = np.searchsorted(numbers, [start, start + len(block)])
            found.append(block[numbers[first:last] - start])
        return np.concatenate(found)


def block_rows(dimensions: int) -> int:
    """Of a block."""
    return max(1, _BLOCK_BYTES // (4 * dimensions))
