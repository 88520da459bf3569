"""One image through the whole pipeline: one unit of work for one worker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from application.analysis.detection import FaceSelector, LocatedFaces, locate_faces
from application.analysis.selection import FaceSelection, most, select
from application.liveness import LivenessGate
from application.ports.analysis import FaceAligner, FaceEmbedder, ImageDecoder
from application.ports.models import ModelLibrary
from application.ports.quality import QualityAssessor
from domain.errors import (
    FaceServiceError,
    LivenessUndetermined,
    SpoofDetected,
)
from domain.faces import Crop, DetectedFace, Embedding, Image, ScaledImage
from domain.liveness import Liveness, LivenessPolicy
from domain.liveness_session import SessionEvidence
from domain.models import Alignment, ModelChoice
from domain.quality import NO_BOUNDS, LowQuality, QualityBounds, QualityReport

DEFAULT_MAX_FACES = 256
"""Of a photo, that are embedded unless the operator says otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedFace:
    """A face and its embedding."""

    embedding: Embedding
    detected: DetectedFace | None
    """Where it was seen; None when the embedding came from elsewhere."""
    crop: Crop | None
    """What was embedded, likewise."""
    liveness: Liveness | None = None
    """None when it wasn't looked at."""
    quality: QualityReport | None = None
    session: SessionEvidence | None = None
    """What a liveness session says of it, if the request named one."""
    refusal: FaceServiceError | None = None
    """Why this face must not be used, if it must not."""
    faces_left_out: int | None = None
    """How many other faces the photo has; None unless a single one, or more than are allowed, were asked for."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What is asked of a face before it is used."""

    bounds: QualityBounds = NO_BOUNDS
    liveness: LivenessPolicy | None = None
    """The request's policy; the operator's is not loosened by it."""
    liveness_session: str | None = None
    """The id of a session that is to show that the face is alive, instead of the photo."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceAnalyser:
    """Decodes, detects, aligns and embeds. Synchronous: call it in a worker."""

    decoder: ImageDecoder
    aligners: Mapping[Alignment, FaceAligner]
    models: ModelLibrary
    gate: LivenessGate
    assessor: QualityAssessor
    most_faces: int = DEFAULT_MAX_FACES
    """Of a photo, that are embedded."""

    def detect(self, data: bytes, detection_model: str) -> list[DetectedFace]:
        """All faces of an image file, best score first.

        Raises:
            InvalidImage, ImageTooLarge: see ImageDecoder.
            ModelNotInstalled, BrokenModel: see ModelLibrary.
        """
        sight = self.see(data, detection_model, lambda faces, _: list(faces))
        return [sight.image.in_photo(face) for face in sight.faces]

    def analyse(
        self, data: bytes, choice: ModelChoice, selection: FaceSelection, checks: Checks
    ) -> list[AnalysedFace]:
        """The selected faces of an image file and their embeddings; with ALL there may be none.

        Of more than `most_faces` these are the largest, and each says how many were left out.

        With ALL, a face that fails a check has its refusal with it; otherwise that is raised.

        Raises:
            NoFaceDetected: there is no face, and one was asked for.
            MultipleFaces: one alone was asked for, and there are several of similar size.
            SpoofDetected, LivenessUndetermined, LowQuality: the face fails a check.
            InvalidImage, ImageTooLarge, ModelNotInstalled, BrokenModel: as `detect`.
        """
        # Anti-spoofing looks at the finest structure of the photo, in boxes as precise as when it was measured.
        whole = self._gated(checks)
        sight = self.see(
            data,
            choice.detection,
            lambda faces, image: most(select(faces, selection, image), self.most_faces),
            whole=whole,
            largest_only=selection is FaceSelection.LARGEST and not whole,
        )
        analysed = self.embed(sight.image, sight.faces, choice)
        checked = [self._checked(sight.image.pixels, face, checks) for face in analysed]
        crowd = selection is FaceSelection.ALL and sight.left_out > 0
        if crowd or selection is FaceSelection.SINGLE:
            checked = [replace(face, faces_left_out=sight.left_out) for face in checked]
        if selection is not FaceSelection.ALL:
            for face in checked:
                if face.refusal is not None:
                    raise face.refusal
        return checked

    def look(self, data: bytes, detection_model: str) -> tuple[DetectedFace, Liveness]:
        """The largest face of an image file and whether it is alive, whatever the policy.

        Raises:
            NoFaceDetected: there is none.
            InvalidImage, ImageTooLarge, ModelNotInstalled, BrokenModel: as `detect`.
        """
        sight = self.see(
            data,
            detection_model,
            lambda faces, image: select(faces, FaceSelection.LARGEST, image),
            whole=True,
        )
        (face,) = sight.faces
        return face, self.gate.judge(sight.image.pixels, face)

    def see(
        self,
        data: bytes,
        detection_model: str,
        choose: FaceSelector,
        *,
        whole: bool = False,
        largest_only: bool = False,
    ) -> LocatedFaces:
        """An image and the chosen faces in it, as `embed` takes them; `whole` and `largest_only` as in `look`.

        Raises:
            InvalidImage, ImageTooLarge, ModelNotInstalled, BrokenModel: as `detect`.
        """
        detector = self.models.detector(detection_model)
        return locate_faces(data, self.decoder, detector, choose, whole=whole, largest_only=largest_only)

    def aligner(self, recognition: str) -> FaceAligner:
        """That of a recogniser's crops."""
        return self.aligners[self.models.alignment(recognition)]

    def embed(
        self, image: ScaledImage, faces: Sequence[DetectedFace], choice: ModelChoice
    ) -> list[AnalysedFace]:
        """Faces of a photo, given in pixels of `image`, and their embeddings.

        Raises:
            ModelNotInstalled, BrokenModel: see ModelLibrary.
        """
        aligner = self.aligner(choice.recognition)
        crops = [aligner.align(image.pixels, face) for face in faces]
        embeddings, norms = embed_crops(self.models.embedder(choice.recognition), crops)
        return [
            AnalysedFace(
                embedding,
                image.in_photo(face),
                crop,
                quality=self.assessor.assess(image, face, crop, float(norm)),
            )
            for embedding, norm, face, crop in zip(embeddings, norms, faces, crops, strict=True)
        ]

    def _gated(self, checks: Checks) -> bool:
        """Whether the photo is looked at for signs of a presentation attack."""
        wanted = self.gate.policy.tightened(checks.liveness)
        return wanted is not LivenessPolicy.OFF and checks.liveness_session is None

    def _checked(self, image: Image, face: AnalysedFace, checks: Checks) -> AnalysedFace:
        # Liveness first: a photo of a screen is often a bad photo too, and is to be called what it is.
        try:
            if face.detected is not None and self._gated(checks):
                face = replace(face, liveness=self.gate.check(image, face.detected, checks.liveness))
            if face.quality is not None:
                face.quality.require(checks.bounds)
        except (SpoofDetected, LivenessUndetermined, LowQuality) as refusal:
            return replace(face, refusal=refusal)
        return face


def embed_crops(embedder: FaceEmbedder, crops: Sequence[Crop]) -> tuple[list[Embedding], NDArray[np.float32]]:
    """The embeddings of aligned faces, and their norms by what is usual for the model (NaN if that isn't known)."""
    raw = embedder.embed_raw(crops)
    norms = np.linalg.norm(raw, axis=1).tolist()
    embeddings = [
        Embedding(vector, embedder.name, norm)
        for vector, norm in zip(embedder.directions(raw), norms, strict=True)
    ]
    return embeddings, embedder.relative_norms(raw)
