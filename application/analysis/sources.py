"""Where embeddings come from: photos, or clients that compute them at the edge."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from application.analysis.analyser import AnalysedFace, FaceAnalyser
from application.analysis.embedding import Fidelity
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.limits import run_on_photo
from application.liveness.sessions import UseLivenessSession
from application.ports.workers import WorkerPool
from domain.errors import InvalidEmbedding, InvalidInput
from domain.faces import Embedding
from domain.liveness.detection import LivenessPolicy
from domain.models import ModelChoice
from domain.quality import NO_BOUNDS, QualityBounds


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
    """Turns sources into embeddings; a photo is one piece of work for the worker pool."""

    analyser: FaceAnalyser
    workers: WorkerPool
    sessions: UseLivenessSession | None = None
    """None: there are no liveness sessions here."""

    def models(self, options: PhotoOptions) -> ModelChoice:
        """The models for a request.

        Raises:
            UnknownModel: a name that the catalogue doesn't have.
        """
        return self.analyser.models.choose(options.detection_model, options.recognition_model)

    async def read(
        self,
        source: Source,
        options: PhotoOptions,
        bounds: QualityBounds = NO_BOUNDS,
        *,
        estimate: bool = False,
    ) -> list[AnalysedFace]:
        """The selected faces of the source, one unless all are asked for. Faces that come alone pass all checks.

        With `estimate` the embeddings of photos may be estimates, which `closer` betters.

        Raises:
            UnknownModel, ModelNotInstalled, BrokenModel: of the models.
            InvalidEmbedding: a vector is not finite, of unit norm and of the model's dimension.
            InvalidInput: a vector, where only living faces may pass; a liveness session, and all faces.
            InvalidImage, ImageTooLarge, NoFaceDetected, MultipleFaces, SpoofDetected, LivenessUndetermined,
                LowQuality: see FaceAnalyser.analyse.
            LivenessSessionNotFound, LivenessSessionNotPassed, LivenessSessionUsed, LivenessSessionOtherFace.
            Busy: the workers' queue is full.
        """
        if options.liveness_session is None:
            return await self._read(source, options, bounds, Fidelity.COARSE if estimate else Fidelity.EXACT)
        if self.sessions is None or options.selection is FaceSelection.ALL:
            raise InvalidInput("A liveness session is about one face: it can't be used with faces=all.")
        (face,) = await self._read(source, options, bounds)
        evidence = await self.sessions.execute(options.liveness_session, face.embedding)
        return [replace(face, session=evidence)]

    async def read_one(
        self,
        source: Source,
        options: PhotoOptions,
        bounds: QualityBounds = NO_BOUNDS,
        *,
        estimate: bool = False,
    ) -> AnalysedFace:
        """The selected face, where the selection is not ALL; takes and raises what `read` does."""
        (face,) = await self.read(source, options, bounds, estimate=estimate)
        return face

    async def closer(
        self,
        faces: Sequence[AnalysedFace],
        source: Source,
        options: PhotoOptions,
        bounds: QualityBounds = NO_BOUNDS,
    ) -> list[AnalysedFace]:
        """Faces that `read` has found, whose embeddings are estimates, with better ones; at last with embeddings.

        Takes what `read` took, and raises the same.
        """
        if faces[0].fidelity is Fidelity.COARSE:
            return await self._read(source, options, bounds, Fidelity.BOTH_VIEWS)
        return await run_on_photo(self.workers, self.analyser.closer, faces)

    async def _read(
        self,
        source: Source,
        options: PhotoOptions,
        bounds: QualityBounds,
        fidelity: Fidelity = Fidelity.EXACT,
    ) -> list[AnalysedFace]:
        models = self.models(options)
        if isinstance(source, Photo):
            return await run_on_photo(
                self.workers,
                self.analyser.analyse,
                source.data,
                models,
                options,
                bounds,
                fidelity,
            )
        enforced = self.analyser.gate.policy.tightened(options.liveness) is LivenessPolicy.ENFORCE
        if enforced and options.liveness_session is None:
            raise InvalidInput("An embedding doesn't show whether the face is alive: send the photo.")
        return [self._given(source.values, models.recognition)]

    def _given(self, values: Sequence[float], model: str) -> AnalysedFace:
        dimensions = self.analyser.models.dimensions(model)
        if len(values) != dimensions:
            raise InvalidEmbedding(f"An embedding of {model} has {dimensions} numbers, not {len(values)}.")
        exact = Embedding(np.asarray(values, dtype=np.float32), model)
        return AnalysedFace(Embedding.of(exact.vector, model), None, None)
