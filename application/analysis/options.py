"""What a request says about a photo."""

from dataclasses import dataclass

from application.analysis.selection import FaceSelection
from domain.liveness.detection import LivenessPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoOptions:
    """How to analyse a photo; None leaves it to the configuration."""

    detection_model: str | None = None
    recognition_model: str | None = None
    selection: FaceSelection = FaceSelection.LARGEST
    min_face: int | None = None
    """Pixels of the photo, see MIN_FACE_RANGE: with FaceSelection.ALL, the smallest face that must be found."""
    liveness: LivenessPolicy | None = None
    """A stricter policy than the operator's, which no request can loosen."""
    quality: bool = False
    """Whether the face's quality is told: then it isn't taken from a glimpse."""
    liveness_session: str | None = None
    """The id of a session that shows, once and instead of the photo, that the face is alive."""
