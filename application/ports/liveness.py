"""The ports of presentation attack detection: synchronous, called in a worker, and thread-safe."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.faces import DetectedFace, Image
from domain.liveness.calibration import LivenessCalibration


class SpoofDetector(Protocol):
    """Scores how likely a face is a living person's."""

    @property
    def name(self) -> str:
        """The model's name in the catalogue; of several together, all names with `+` between them."""

    @property
    def threshold(self) -> float:
        """The least score of a face that is taken for living, in (0, 1), where the operator has measured none."""

    def score(self, image: Image, face: DetectedFace) -> float:
        """How much the face looks like a living person's, 0..1.

        Args:
            image: H x W x 3 uint8 BGR, any size. The camera's, not a part of it: the surroundings of a face give
                attacks away.
            face: in pixels of `image`.
        """


@dataclass(frozen=True, slots=True)
class View:
    """A picture of a face that an anti-spoofing network takes."""

    surroundings: float
    """Its side, in sides of the face's box."""
    width: int
    """In pixels."""
    height: int


class ViewScorer(SpoofDetector, Protocol):
    """A spoof detector that needs no more of a photo than small pictures, which can be cut elsewhere."""

    @property
    def views(self) -> tuple[View, ...]:
        """The pictures that it needs of a face."""

    def score_views(self, pictures: Sequence[Image]) -> float:
        """As `score`, of one picture of a face for each of `views`: uint8 BGR of that size."""


class LivenessCalibrations(Protocol):
    """Where the threshold is stored that an operator has measured."""

    def load(self) -> LivenessCalibration | None:
        """The calibration as it is now; None when there is none.

        Raises:
            BrokenModel: it can't be read, or is no calibration.
        """
