"""Detectors with a fixed input size, into which images of any size are letterboxed."""

from abc import abstractmethod

import numpy as np
from typing_extensions import override

from adapters.onnx.detectors.detections import Detections
from adapters.onnx.detectors.resizing import scaled
from adapters.onnx.detectors.tiles import detect_small_faces, new_faces
from adapters.onnx.session import InferenceSession
from application.ports.analysis import FaceDetector, FirstPass
from domain.faces import DetectedFace, Image

_SCALES = (1.0, 0.4)
"""Shares of the input that the image fills, tried until a face is found: these networks expect some surroundings
and miss a face that fills the whole image."""
_LARGE = 0.5
"""Minimum size of a face that the second scale adds to those of the first, as a share of the image's longer side."""
_DEFAULT_SIZE = (640, 640)
"""Input height and width for files that leave them open: what such networks are published with."""


class LetterboxDetector(FaceDetector):
    """Scales the image to fit into the top left of the network's input; the rest is black.

    Faces narrower than about 1/50 (Ultra-Light) or 1/40 (SCRFD 0.5 GF) of the image are lost in the scaling.
    """

    def __init__(
        self,
        session: InferenceSession,
        name: str,
        input_size: tuple[int, int],
        *,
        threshold: float,
        overlap: float,
    ) -> None:
        """Take a session.

        Args:
            session: of a network of the family.
            name: the model's in the catalogue.
            input_size: height and width of the network's input.
            threshold: minimum score, 0..1.
            overlap: maximum intersection over union of two faces, 0..1.
        """
        self._session = session
        self._name = name
        self._input_size = input_size
        self._threshold = threshold
        self._overlap = overlap

    @abstractmethod
    def infer(self, picture: Image, threshold: float) -> Detections:
        """Detections with at least this score in a picture (H x W x 3 uint8 BGR) of the input's size."""

    @property
    @override
    def name(self) -> str:
        return self._name

    @override
    def detect(
        self, image: Image, *, largest_only: bool = False, min_face: float | None = None
    ) -> list[DetectedFace]:
        faces: list[DetectedFace] = []
        for scale in _SCALES:
            detected = self._detect_at(image, scale)
            if faces:
                large = [face for face in detected if face.box.longer > _LARGE * max(image.shape[:2])]
                detected = new_faces(large, faces)
            faces += detected
            if faces and min_face is None:
                break
        if min_face is not None:
            faces += self._detect_small(image, min_face, faces)
        return sorted(faces, key=lambda face: -face.score)

    @override
    def detect_first(self, image: Image, *, largest_only: bool = False) -> FirstPass:
        return FirstPass(self.detect(image), lambda finer, min_face: self._detect_small(finer, min_face, []))

    @override
    def detect_coarsely(self, image: Image) -> DetectedFace | None:
        return None

    def _detect_small(self, image: Image, min_face: float, known: list[DetectedFace]) -> list[DetectedFace]:
        small = detect_small_faces(
            image,
            lambda tile, _: self._detect_at(tile.of(image)),
            min_face,
            self._scale(image),
            self._input_size,
        )
        return new_faces([face for face, _ in small], known)

    def _scale(self, image: Image) -> float:
        """At which the image fits into the network's input."""
        height, width = self._input_size
        return float(min(height / image.shape[0], width / image.shape[1]))

    def _detect_at(self, image: Image, scale: float = 1) -> list[DetectedFace]:
        height, width = self._input_size
        fitted = scaled(image, scale * self._scale(image))
        picture = np.zeros((height, width, 3), dtype=np.uint8)
        picture[: fitted.shape[0], : fitted.shape[1]] = fitted
        detections = self.infer(picture, self._threshold).suppress_overlapping(self._overlap)
        return detections.to_faces(fitted.shape[1] / image.shape[1], fitted.shape[0] / image.shape[0])


def input_size(session: InferenceSession) -> tuple[int, int] | None:
    """Height and width of a network's input; None if it doesn't take colour images."""
    match session.input_shape:
        case (_, 3, height, width):
            return height or _DEFAULT_SIZE[0], width or _DEFAULT_SIZE[1]
        case _:
            return None
