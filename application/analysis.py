"""One image through the whole pipeline: one unit of work for one worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from application.ports.analysis import FaceAligner, ImageDecoder
from application.ports.models import ModelLibrary
from domain.errors import MultipleFaces, NoFaceDetected
from domain.faces import Crop, DetectedFace, Embedding, Image, largest
from domain.models import ModelChoice


class FaceSelection(StrEnum):
    """Which of the faces in an image is meant."""

    SINGLE = "single"
    """The only one; several are an error."""
    LARGEST = "largest"
    ALL = "all"


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedFace:
    """A face and its embedding."""

    embedding: Embedding
    detected: DetectedFace | None
    """Where it was seen; None when the embedding came from elsewhere."""
    crop: Crop | None
    """What was embedded, likewise."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceAnalyser:
    """Decodes, detects, aligns and embeds. Synchronous: call it in a worker."""

    decoder: ImageDecoder
    aligner: FaceAligner
    models: ModelLibrary

    def detect(self, data: bytes, detection_model: str) -> list[DetectedFace]:
        """All faces of an image file, best score first.

        Raises:
            InvalidImage, ImageTooLarge: see ImageDecoder.
            ModelNotInstalled, BrokenModel: see ModelLibrary.
        """
        return self.models.detector(detection_model).detect(self.decoder.decode(data))

    def analyse(self, data: bytes, choice: ModelChoice, selection: FaceSelection) -> list[AnalysedFace]:
        """The selected faces of an image file and their embeddings; with ALL there may be none.

        Raises:
            NoFaceDetected: there is no face, and one was asked for.
            MultipleFaces: there are several, and one alone was asked for.
            InvalidImage, ImageTooLarge, ModelNotInstalled, BrokenModel: as `detect`.
        """
        image = self.decoder.decode(data)
        faces = select(self.models.detector(choice.detection).detect(image), selection)
        return self.embed(image, faces, choice)

    def embed(self, image: Image, faces: Sequence[DetectedFace], choice: ModelChoice) -> list[AnalysedFace]:
        """Faces of a decoded image and their embeddings.

        Raises:
            ModelNotInstalled, BrokenModel: see ModelLibrary.
        """
        crops = [self.aligner.align(image, face) for face in faces]
        vectors = self.models.embedder(choice.recognition).embed(crops)
        return [
            AnalysedFace(Embedding(vector, choice.recognition), face, crop)
            for vector, face, crop in zip(vectors, faces, crops, strict=True)
        ]


def select(faces: Sequence[DetectedFace], selection: FaceSelection) -> list[DetectedFace]:
    """The faces that are meant.

    Raises:
        NoFaceDetected: one is asked for, and there is none.
        MultipleFaces: the only one is asked for, and there are several.
    """
    if selection is FaceSelection.ALL:
        return list(faces)
    if not faces:
        raise NoFaceDetected("No face was found in the image.")
    if selection is FaceSelection.SINGLE and len(faces) > 1:
        raise MultipleFaces(
            f"{len(faces)} faces were found in the image; send one with a single face, or faces=largest."
        )
    return [largest(faces)]
