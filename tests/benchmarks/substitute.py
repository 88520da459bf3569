"""A model library with other detectors and embedders in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from application.ports.analysis import FaceDetector, FaceEmbedder
from application.ports.models import ModelLibrary


@dataclass(frozen=True, slots=True)
class _Substituted:
    models: ModelLibrary
    detector: Callable[[str], FaceDetector]
    embedder: Callable[[str], FaceEmbedder]

    def __getattr__(self, name: str) -> object:
        return getattr(self.models, name)


def substituted(
    models: ModelLibrary,
    detector: Callable[[str], FaceDetector],
    embedder: Callable[[str], FaceEmbedder],
) -> ModelLibrary:
    """The same library in everything else."""
    return cast("ModelLibrary", _Substituted(models, detector, embedder))
