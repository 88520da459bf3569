"""The port of presentation attack detection: synchronous, called in a worker, safe in several threads."""

from typing import Protocol

from domain.faces import DetectedFace, Image


class SpoofDetector(Protocol):
    """A face in its surroundings to a liveness score."""

    @property
    def name(self) -> str:
        """The model's name in the catalogue."""
        ...

    @property
    def threshold(self) -> float:
        """The least score of a face that is taken for living, in (0, 1)."""
        ...

    def score(self, image: Image, face: DetectedFace) -> float:
        """How much the face looks like a living person's, 0..1, in `image` (H x W x 3 uint8 BGR, any size).

        The image must be the camera's, not a cut-out: the surroundings of a face give attacks away.
        """
        ...
