"""A photo through the whole pipeline: decode, detect, select, align, embed, check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from application.analysis.detection import FaceSelector, LocatedFaces, locate_coarsely, locate_faces
from application.analysis.embedding import Fidelity, embed_crops, embeddings_of, error_of, vectors_of
from application.analysis.extraction import LocalExtractor
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.liveness.gate import LivenessGate
from application.ports.analysis import FaceAligner, ImageDecoder
from application.ports.extraction import ExtractedPhoto, ExtractionOptions, FaceExtractor
from application.ports.models import ModelLibrary
from application.ports.quality import QualityAssessor
from domain.errors import FaceServiceError, LivenessUndetermined, SpoofDetected
from domain.faces import Crop, DetectedFace, Embedding, ScaledImage
from domain.identification import coarse_error
from domain.liveness.detection import Liveness, LivenessPolicy
from domain.liveness.session import SessionEvidence
from domain.models import Alignment, ModelChoice
from domain.quality import NO_BOUNDS, LowQuality, Measure, QualityBounds, QualityReport

_PLAIN_NORM = 0.8
"""Least embedding norm of faces that were only detected coarsely, whose crops may be misplaced besides."""
_NORM_MARGIN = 1.25
"""What their norm has to be by the bound that the request has."""
_DOUBTFUL_QUALITY = 2.0
"""Distance from a bound of quality, as a factor, within which that of a coarse detection says nothing."""
_NOISY_SHARPNESS = 7.0
"""Sharpness above which a crop is noisy, so that landmarks may be misplaced however well the detector's cells agree.
Of 1,637 photos of Labeled Faces in the Wild none has more than 6.4, of 536 mugshots none more than 4.1; with noise of
15 to 35 grey levels it is up to 13."""
DEFAULT_MAX_FACES = 256
"""Of one photo that are embedded."""


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedFace:
    """A face and its embedding."""

    embedding: Embedding
    detected: DetectedFace | None
    """Where it is, in pixels of the photo; None if the client sent the embedding."""
    crop: Crop | None
    """What was embedded; None likewise."""
    liveness: Liveness | None = None
    """None if it wasn't checked."""
    quality: QualityReport | None = None
    session: SessionEvidence | None = None
    """What the liveness session says that the request named, if it named one."""
    refusal: FaceServiceError | None = None
    """The check that the face failed, if it failed one."""
    fidelity: Fidelity = Fidelity.EXACT
    """What the embedding was made with. If that is COARSE, a better one takes a new analysis of the photo."""
    error: float = 0.0
    """By how much similarities of an estimate may differ from those of the embedding."""
    faces_left_out: int | None = None
    """How many other faces the photo has; None unless a single one, or more than are allowed, were asked for."""

    @property
    def estimated(self) -> bool:
        """Whether the embedding is an estimate."""
        return self.fidelity is not Fidelity.EXACT


@dataclass(frozen=True, slots=True, eq=False)
class FaceAnalyser:
    """Analyses photos. Synchronous: call it in a worker.

    Its methods raise InvalidImage and ImageTooLarge for files, ModelNotInstalled and BrokenModel for models.
    """

    decoder: ImageDecoder
    aligners: Mapping[Alignment, FaceAligner]
    models: ModelLibrary
    gate: LivenessGate
    assessor: QualityAssessor
    max_faces: int = DEFAULT_MAX_FACES
    elsewhere: FaceExtractor | None = None
    """What extracts faces from files instead of the ports above."""

    @property
    def extractor(self) -> FaceExtractor:
        """What extracts faces from files."""
        local = LocalExtractor(self.decoder, self.aligners, self.models, self.assessor, self.gate)
        return self.elsewhere or local

    def detect(self, data: bytes, detection_model: str, min_face: int | None = None) -> list[DetectedFace]:
        """All faces of an image file, best score first, in pixels of the photo; `min_face` as in PhotoOptions."""
        photo = self.extractor.extract(
            data,
            ExtractionOptions(detection=detection_model, selection=FaceSelection.ALL, min_face=min_face),
        )
        return [face.detected for face in photo.faces]

    def analyse(
        self,
        data: bytes,
        models: ModelChoice,
        options: PhotoOptions,
        bounds: QualityBounds = NO_BOUNDS,
        fidelity: Fidelity = Fidelity.EXACT,
    ) -> list[AnalysedFace]:
        """The selected faces of an image file and their embeddings.

        With FaceSelection.ALL there may be none. Of more than `max_faces` these are the largest, and each says how
        many were left out. A face that fails a check has its refusal with it, which is raised otherwise.

        Args:
            data: the file.
            models: the detector and the recogniser.
            options: of the request.
            bounds: of quality.
            fidelity: the least that embeddings are made with.

        Raises:
            NoFaceDetected: there is no face, and one was asked for.
            MultipleFaces: one alone was asked for, and there are several of similar size.
            SpoofDetected, LivenessUndetermined, LowQuality: the face fails a check.
        """
        selection, examined = options.selection, self._checks_liveness(options)
        coarsely = fidelity is Fidelity.COARSE and selection is FaceSelection.LARGEST
        if coarsely and not (examined or options.quality):
            face = self._analyse_coarsely(data, models, bounds)
            if face is not None:
                return [face]
        photo = self.extractor.extract(
            data,
            ExtractionOptions(
                detection=models.detection,
                selection=selection,
                min_face=options.min_face,
                max_faces=self.max_faces,
                alignment=self.models.alignment(models.recognition),
                examined=examined,
            ),
        )
        faces = self._embedded(photo, models.recognition, max(fidelity, Fidelity.ONE_VIEW), bounds)
        too_many = selection is FaceSelection.ALL and photo.left_out > 0
        if too_many or selection is FaceSelection.SINGLE:
            faces = [replace(face, faces_left_out=photo.left_out) for face in faces]
        checked: list[AnalysedFace] = []
        # Liveness first: a photo of a screen is often a bad photo too, and is to be called what it is.
        for found, face in zip(photo.faces, faces, strict=True):
            liveness = None
            try:
                if found.examination is not None:
                    liveness = self.gate.require(found.examination, options.liveness)
                if face.quality is not None:
                    face.quality.require(bounds)
            except (SpoofDetected, LivenessUndetermined, LowQuality) as refusal:
                if selection is not FaceSelection.ALL:
                    raise
                checked.append(replace(face, liveness=liveness, refusal=refusal))
            else:
                checked.append(replace(face, liveness=liveness))
        return checked

    def closer(self, faces: Sequence[AnalysedFace]) -> list[AnalysedFace]:
        """Faces whose embeddings are estimates, with better ones, which are made of all in one batch.

        Args:
            faces: at least one, of one recogniser, and none whose embedding is COARSE.
        """
        crops = [face.crop for face in faces if face.crop is not None]
        embedder = self.models.embedder(faces[0].embedding.model)
        raw, fidelities = vectors_of(embedder, crops, Fidelity(max(face.fidelity for face in faces) + 1))
        embeddings, norms = embeddings_of(embedder, raw)
        return [
            replace(face, embedding=embedding, fidelity=fidelity, error=error_of(fidelity, float(norm)))
            for face, embedding, fidelity, norm in zip(faces, embeddings, fidelities, norms, strict=True)
        ]

    def check_liveness(self, data: bytes, detection_model: str) -> tuple[DetectedFace, Liveness]:
        """The largest face of an image file and whether it is alive, whatever the policy.

        Raises:
            NoFaceDetected: there is none.
        """
        photo = self.extractor.extract(data, ExtractionOptions(detection=detection_model, examined=True))
        (face,) = photo.faces
        assert face.examination is not None  # noqa: S101 (it was asked for)
        return face.detected, self.gate.conclude(face.examination)

    def locate(self, data: bytes, detection_model: str, select: FaceSelector) -> LocatedFaces:
        """The selected faces of an image file, as `embed` takes them; see locate_faces."""
        return locate_faces(data, self.decoder, self.models.detector(detection_model), select)

    def aligner(self, recognition: str) -> FaceAligner:
        """That of a recogniser's crops."""
        return self.aligners[self.models.alignment(recognition)]

    def embed(
        self, image: ScaledImage, faces: Sequence[DetectedFace], models: ModelChoice
    ) -> list[AnalysedFace]:
        """Faces of a photo, given in pixels of `image`, and their embeddings."""
        aligner = self.aligner(models.recognition)
        crops = [aligner.align(image.pixels, face) for face in faces]
        embeddings, norms = embed_crops(self.models.embedder(models.recognition), crops)
        return [
            AnalysedFace(
                embedding,
                image.in_photo(face),
                crop,
                quality=self.assessor.assess(image, face, crop, float(norm)),
            )
            for embedding, norm, face, crop in zip(embeddings, norms, faces, crops, strict=True)
        ]

    def _analyse_coarsely(
        self, data: bytes, models: ModelChoice, bounds: QualityBounds
    ) -> AnalysedFace | None:
        """The largest face and an estimate of its embedding, if both are plain. Landmarks are located only once."""
        embedder = self.models.embedder(models.recognition)
        if not embedder.estimates or embedder.usual_norm is None or self.elsewhere is not None:
            return None
        detector = self.models.detector(models.detection)
        located = locate_coarsely(data, self.decoder, detector)
        if located is None:
            return None
        image, (found,) = located.image, located.faces
        crop = self.aligners[Alignment.DETECTED].align(image.pixels, found)
        quality = self.assessor.assess(image, found, crop)
        noisy = quality.values.get(Measure.SHARPNESS, 0) > _NOISY_SHARPNESS
        if noisy or quality.reasons(bounds.tightened(_DOUBTFUL_QUALITY)):
            return None
        raw = embedder.estimate([crop])
        if raw is None:
            return None
        (embedding,), norms = embeddings_of(embedder, raw)
        norm = float(norms[0])
        least = max(_PLAIN_NORM, _NORM_MARGIN * bounds.limits.get(Measure.EMBEDDING_NORM, 0))
        if not norm >= least:
            return None
        return AnalysedFace(
            embedding,
            image.in_photo(found),
            crop,
            quality=quality.with_norm(norm),
            fidelity=Fidelity.COARSE,
            error=coarse_error(norm, found.landmark_spread),
        )

    def _embedded(
        self, photo: ExtractedPhoto, recognition: str, fidelity: Fidelity, bounds: QualityBounds
    ) -> list[AnalysedFace]:
        crops = [face.crop for face in photo.faces if face.crop is not None]
        embedder = self.models.embedder(recognition)
        raw, fidelities = vectors_of(
            embedder, crops, fidelity, bounds.limits.get(Measure.EMBEDDING_NORM, 0.0)
        )
        embeddings, norms = embeddings_of(embedder, raw)
        return [
            AnalysedFace(
                embedding,
                face.detected,
                face.crop,
                quality=None if face.quality is None else face.quality.with_norm(float(norm)),
                fidelity=made_with,
                error=error_of(made_with, float(norm)),
            )
            for embedding, norm, made_with, face in zip(
                embeddings, norms, fidelities, photo.faces, strict=True
            )
        ]

    def _checks_liveness(self, options: PhotoOptions) -> bool:
        """Whether the photo itself is examined for a presentation attack."""
        policy = self.gate.policy.tightened(options.liveness)
        return policy is not LivenessPolicy.OFF and options.liveness_session is None
