"""The ports of presentation attack detection: synchronous, called in a worker, and thread-safe."""

from typing import Protocol

from domain.faces import DetectedFace, Image
from domain.liveness.calibration import LivenessCalibration


class SpoofDetector(Protocol):
    """Scores how likely a face is a living person's."""

    @property
    def name(self) -> str:
        """The model's name in the catalogue; of several together, all names with `+` between them."""
        ...

    @property
    def threshold(self) -> float:
        """The least score of a face that is taken for living, in (0, 1), where the operator has measured none."""
        ...

    def score(self, image: Image, face: DetectedFace) -> float:
        """How much the face looks like a living person's, 0..1.

        Args:
            image: H x W x 3 uint8 BGR, any size. The camera's, not a part of it: the surroundings of a face give
                attacks away.
            face: in pixels of `image`.
        """
        ...


class LivenessCalibrations(Protocol):
    """Where the threshold is stored that an operator has measured."""

    def load(self) -> LivenessCalibration | None:
        """The calibration as it is now; None when there is none.

        Raises:
            BrokenModel: it can't be read, or is no calibration.
        """
        ...
