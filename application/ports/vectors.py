"""Files of embeddings: photos of known people that were embedded before, here or elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from numpy import float32
from numpy.typing import NDArray

from domain.models import ModelChoice


@dataclass(frozen=True, slots=True, eq=False)
class PhotoVectors:
    """What a recogniser's network made of N photos, one face each."""

    vectors: NDArray[float32]
    """N x D, as the network gives them, or all of unit norm; a row of NaN where no face was found."""
    people: tuple[str, ...]
    """N, whom each photo shows."""
    photos: tuple[str, ...]
    """N, the photos' names: `person/file.jpg` of those in folders."""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """N values for each label, such as the view of each photo."""
    models: ModelChoice | None = None
    """What made the vectors, if that is known."""


class VectorFiles(Protocol):
    """Reads and writes embeddings."""

    def read(self, path: Path) -> PhotoVectors:
        """The content of a file.

        Raises:
            EvaluationError: it can't be read, is too large, or is not what it should be.
        """
        ...

    def write(self, content: PhotoVectors, path: Path) -> None:
        """Write a file; it appears whole or not at all.

        Raises:
            EvaluationError: it can't be written.
        """
        ...
