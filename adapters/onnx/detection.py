"""Detectors whose network sees pictures of one size, into which images of any size are fitted."""

from typing import Protocol

import numpy as np

from adapters.onnx.candidates import Candidates, suppress
from adapters.onnx.resizing import scaled
from adapters.onnx.session import InferenceSession
from adapters.onnx.tiles import detect_small, unseen
from domain.faces import DetectedFace, Image

_SCALES = (1.0, 0.4)
"""Parts of the picture that the image is fitted into, until a face is found: one that fills the image is too
large for these networks, which expect some surroundings."""
_FILLS = 0.5
"""The least share of the image's longer side of a face that is found in the second only, if the first has faces."""

_FREE_SIZE = (640, 640)
"""Height and width of the pictures for files that leave them open: what such networks are published with."""


class DetectorNetwork(Protocol):
    """Pixels to face candidates."""

    @property
    def picture_size(self) -> tuple[int, int]:
        """Height and width of the pictures that it sees."""
        ...

    def candidates(self, picture: Image, threshold: float) -> Candidates:
        """Faces in a picture (H x W x 3 uint8 BGR) whose score is at least `threshold`."""
        ...


class FittingDetector:
    """Implements FaceDetector: fits the image into the top left of the picture, the rest of which is black.

    Faces narrower than about 1/50 (Ultra-Light) or 1/40 (SCRFD 0.5 GF) of the image are lost in the fitting.
    """

    def __init__(self, network: DetectorNetwork, name: str, *, threshold: float, overlap: float) -> None:
        """Take a network.

        Args:
            network: the family's.
            name: the model's in the catalogue.
            threshold: the least score, 0..1.
            overlap: the greatest intersection over union of two faces, 0..1.
        """
        self._network = network
        self._name = name
        self._threshold = threshold
        self._overlap = overlap

    @property
    def name(self) -> str:
        """See FaceDetector."""
        return self._name

    def detect(
        self,
        image: Image,
        *,
        largest_only: bool = False,  # noqa: ARG002
        min_face: float | None = None,
    ) -> list[DetectedFace]:
        """See FaceDetector."""
        found: list[DetectedFace] = []
        for part in _SCALES:
            seen = self._detect_at(image, part)
            if found:  # what was too large to be found before
                large = [face for face in seen if face.box.longer > _FILLS * max(image.shape[:2])]
                seen = unseen(large, found)
            found += seen
            if found and min_face is None:
                break
        if min_face is not None:
            size = self._network.picture_size
            small = detect_small(image, self._detect_tile, min_face, _scale(image, *size), size)
            found += unseen([face for face, _ in small], found)
        return sorted(found, key=lambda face: -face.score)

    def _detect_tile(self, tile: Image, _: float) -> list[DetectedFace]:
        return self._detect_at(tile, 1)

    def _detect_at(self, image: Image, part: float) -> list[DetectedFace]:
        height, width = self._network.picture_size
        fitted = _fitted(image, height * part, width * part)
        picture = np.zeros((height, width, 3), dtype=np.uint8)
        picture[: fitted.shape[0], : fitted.shape[1]] = fitted
        found = suppress(self._network.candidates(picture, self._threshold), self._overlap)
        return found.faces(fitted.shape[1] / image.shape[1], fitted.shape[0] / image.shape[0])


def picture_size(session: InferenceSession) -> tuple[int, int] | None:
    """Height and width of the pictures for a network; None if it takes no colour pictures."""
    match session.input_shape:
        case (_, 3, height, width):
            return height or _FREE_SIZE[0], width or _FREE_SIZE[1]
        case _:
            return None


def _fitted(image: Image, height: float, width: float) -> Image:
    """The image, as large as it can be within height x width."""
    return scaled(image, _scale(image, height, width))


def _scale(image: Image, height: float, width: float) -> float:
    return float(min(height / image.shape[0], width / image.shape[1]))
