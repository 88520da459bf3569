"""Where embeddings come from: photos, or clients that compute them at the edge."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from application.analysis.analyser import AnalysedFace, Checks, FaceAnalyser
from application.analysis.selection import FaceSelection
from application.liveness_sessions import UseLivenessSession
from application.ports.workers import WorkerPool
from domain.errors import InvalidEmbedding, InvalidInput
from domain.faces import Embedding
from domain.liveness import LivenessPolicy
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

UNCHECKED = Checks()
"""Nothing is asked of a face, but what the operator always asks."""


@dataclass(frozen=True, slots=True)
class SourceReader:
    """Turns sources into embeddings; photos take one hop into the worker pool."""

    analyser: FaceAnalyser
    workers: WorkerPool
    sessions: UseLivenessSession | None = None
    """None: there are no liveness sessions here."""

    def choose(self, detection: str | None, recognition: str | None) -> ModelChoice:
        """See ModelLibrary.choose."""
        return self.analyser.models.choose(detection, recognition)

    async def read(
        self, source: Source, choice: ModelChoice, selection: FaceSelection, checks: Checks = UNCHECKED
    ) -> list[AnalysedFace]:
        """The selected faces of the source.

        Raises:
            InvalidEmbedding: a vector is not finite, of unit norm and of the model's dimension.
            InvalidInput: a vector, where only living faces may pass; a liveness session, and all faces.
            Busy, and all that FaceAnalyser.analyse and UseLivenessSession.execute raise.
        """
        if checks.liveness_session is None:
            return await self._read(source, choice, selection, checks)
        if self.sessions is None or selection is FaceSelection.ALL:
            raise InvalidInput("A liveness session is about one face: it can't be used with faces=all.")
        (face,) = await self._read(source, choice, selection, checks)
        evidence = await self.sessions.execute(checks.liveness_session, face.embedding)
        return [replace(face, session=evidence)]

    async def read_one(
        self, source: Source, choice: ModelChoice, selection: FaceSelection, checks: Checks = UNCHECKED
    ) -> AnalysedFace:
        """The selected face; `selection` is SINGLE or LARGEST."""
        (face,) = await self.read(source, choice, selection, checks)
        return face

    async def _read(
        self, source: Source, choice: ModelChoice, selection: FaceSelection, checks: Checks
    ) -> list[AnalysedFace]:
        if isinstance(source, Photo):
            return await self.workers.run(self.analyser.analyse, source.data, choice, selection, checks)
        enforced = self.analyser.gate.policy.tightened(checks.liveness) is LivenessPolicy.ENFORCE
        if enforced and checks.liveness_session is None:
            raise InvalidInput("An embedding doesn't show whether the face is alive: send the photo.")
        return [self._given(source.values, choice.recognition)]

    def _given(self, values: Sequence[float], model: str) -> AnalysedFace:
        dimensions = self.analyser.models.dimensions(model)
        if len(values) != dimensions:
            raise InvalidEmbedding(f"An embedding of {model} has {dimensions} numbers, not {len(values)}.")
        exact = Embedding(np.asarray(values, dtype=np.float32), model)
        return AnalysedFace(Embedding.of(exact.vector, model), None, None)
