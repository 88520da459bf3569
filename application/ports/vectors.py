"""Files of embeddings of photos of known people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from numpy import float32
from numpy.typing import NDArray

from domain.models import ModelChoice


@dataclass(frozen=True, slots=True, eq=False)
class PhotoVectors:
    """Embeddings of N photos with one face each."""

    vectors: NDArray[float32]
    """N x D, raw outputs of the network or all of unit norm; a row of NaN where no face was found."""
    people: tuple[str, ...]
    """N identities, one per photo."""
    photos: tuple[str, ...]
    """N names of photos, such as `person/file.jpg`."""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By name of a label (such as `view`), N values."""
    models: ModelChoice | None = None
    """The models that made the vectors, if known."""


class VectorFiles(Protocol):
    """Reads and writes embeddings."""

    def read(self, path: Path) -> PhotoVectors:
        """Read a file.

        Raises:
            EvaluationError: it can't be read, is too large, or is not such a file.
        """
        ...

    def write(self, content: PhotoVectors, path: Path) -> None:
        """Write a file atomically.

        Raises:
            EvaluationError: it can't be written.
        """
        ...
