"""Where embeddings come from: photos, or clients that compute them at the edge."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from application.analysis import AnalysedFace, FaceAnalyser, FaceSelection
from application.ports.workers import WorkerPool
from domain.errors import InvalidEmbedding
from domain.faces import Embedding
from domain.models import ModelChoice


@dataclass(frozen=True, slots=True)
class Photo:
    """An image file."""

    data: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256, 32 bytes: the same photo has the same."""
        return hashlib.sha256(self.data).digest()


@dataclass(frozen=True, slots=True)
class Vector:
    """An embedding that was computed elsewhere with the recognition model that the request names."""

    values: tuple[float, ...]


Source: TypeAlias = Photo | Vector


@dataclass(frozen=True, slots=True)
class SourceReader:
    """Turns sources into embeddings; photos take one hop into the worker pool."""

    analyser: FaceAnalyser
    workers: WorkerPool

    def choose(self, detection: str | None, recognition: str | None) -> ModelChoice:
        """See ModelLibrary.choose."""
        return self.analyser.models.choose(detection, recognition)

    async def read(self, source: Source, choice: ModelChoice, selection: FaceSelection) -> list[AnalysedFace]:
        """The selected faces of the source.

        Raises:
            InvalidEmbedding: a vector is not finite, of unit norm and of the model's dimension.
            Busy, and all that FaceAnalyser.analyse raises.
        """
        if isinstance(source, Photo):
            return await self.workers.run(self.analyser.analyse, source.data, choice, selection)
        return [self._given(source.values, choice.recognition)]

    async def read_one(self, source: Source, choice: ModelChoice, selection: FaceSelection) -> AnalysedFace:
        """The selected face; `selection` is SINGLE or LARGEST."""
        (face,) = await self.read(source, choice, selection)
        return face

    def _given(self, values: Sequence[float], model: str) -> AnalysedFace:
        dimensions = self.analyser.models.dimensions(model)
        if len(values) != dimensions:
            raise InvalidEmbedding(f"An embedding of {model} has {dimensions} numbers, not {len(values)}.")
        exact = Embedding(np.asarray(values, dtype=np.float32), model)
        return AnalysedFace(Embedding.of(exact.vector, model), None, None)
