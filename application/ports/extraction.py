"""The port of what comes before embedding: from the file of a photo to the aligned faces in it.

Synchronous, called in a worker, and thread-safe. One call does it all, so that a photo is decoded once, and travels
once where another process does the work.
"""

from dataclasses import dataclass
from typing import Protocol

from application.analysis.selection import FaceSelection
from domain.faces import Crop, DetectedFace, Landmarks
from domain.liveness.detection import SpoofExamination
from domain.models import Alignment
from domain.quality import QualityReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionOptions:
    """What is wanted of a photo."""

    detection: str
    """The detector's name in the catalogue."""
    selection: FaceSelection = FaceSelection.LARGEST
    lone: bool = False
    """The face of a liveness session, whatever the selection: none where there is no face, or several large ones."""
    min_face: int | None = None
    """Pixels of the photo: with FaceSelection.ALL, the smallest face that must be found."""
    max_faces: int | None = None
    """Of more faces, the largest."""
    alignment: Alignment | None = None
    """How crops are aligned; None: neither crops nor quality are wanted."""
    examined: bool = False
    """Examine each face for a presentation attack, in the whole photo."""


@dataclass(frozen=True, slots=True, eq=False)
class ExtractedFace:
    """A face of a photo."""

    detected: DetectedFace
    """In pixels of the photo."""
    landmarks: Landmarks | None = None
    """Those by which the crop was aligned, in pixels of the decoded image; None unless `lone` was asked for."""
    crop: Crop | None = None
    """None if no alignment was asked for."""
    quality: QualityReport | None = None
    """What doesn't need the embedding; None likewise."""
    examination: SpoofExamination | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ExtractedPhoto:
    """The selected faces of a photo, and how it was decoded."""

    faces: tuple[ExtractedFace, ...]
    left_out: int
    """Faces that were detected and not selected."""
    height: int
    """Of the decoded image, in pixels."""
    width: int
    reduction: int
    """Pixels of the photo that one of the decoded image stands for, in each direction."""


class FaceExtractor(Protocol):
    """Extracts faces from image files."""

    def extract(self, data: bytes, options: ExtractionOptions) -> ExtractedPhoto:
        """The selected faces of an image file.

        Raises:
            InvalidImage, ImageTooLarge: of the file.
            NoFaceDetected, MultipleFaces: see FaceSelection.
            UnknownModel, ModelNotInstalled, BrokenModel: of the detector, or of the anti-spoofing models.
            ModelUnavailable, Busy: the service that does the work doesn't answer, or has too much of it.
        """
