"""The detector `yunet`."""

from collections.abc import Iterator

import cv2
import numpy as np

from adapters.onnx.candidates import suppress
from adapters.onnx.yunet_network import YuNetNetwork, as_batch
from domain.faces import DetectedFace, Image

_LONG_SIDE = 640
"""Pixels of the first pass. Measured on lfw-dev: every face 28 to 430 pixels wide scores above 0.9."""
_FALLBACK_SIDES = (256, 1280)
"""For images in which the first pass sees nothing: faces that fill them (or tiny images), then tiny faces."""
_MULTIPLE = 32
"""The network halves its input five times."""
_OVERLAP = 0.45
_SKIPS_NONE = 0.5
"""The least scale at which linear interpolation still looks at every pixel."""


class YuNetDetector:
    """Implements FaceDetector with YuNet. Scores of real faces lie mostly above 0.85."""

    def __init__(self, network: YuNetNetwork, name: str = "yunet", threshold: float = 0.7) -> None:
        self._network = network
        self._name = name
        self._threshold = threshold

    @property
    def name(self) -> str:
        """See FaceDetector."""
        return self._name

    def detect(self, image: Image) -> list[DetectedFace]:
        """See FaceDetector."""
        for side in _sides(max(image.shape[:2])):
            if faces := self._detect_at(image, side):
                return faces
        return []

    def _detect_at(self, image: Image, long_side: int) -> list[DetectedFace]:
        resized = _resized(image, long_side)
        candidates = self._network.candidates(as_batch([_padded(resized)]), self._threshold)[0]
        found = suppress(candidates, _OVERLAP)
        return found.faces(resized.shape[1] / image.shape[1], resized.shape[0] / image.shape[0])


def _sides(long_side: int) -> Iterator[int]:
    """Long sides to try, in order; the first pass never enlarges."""
    first = min(long_side, _LONG_SIDE)
    yield first
    close, far = _FALLBACK_SIDES
    if first != close:
        yield close
    if long_side > first:
        yield min(long_side, far)


def _resized(image: Image, long_side: int) -> Image:
    height, width = image.shape[:2]
    scale = long_side / max(height, width)
    if scale == 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Area averaging is right for shrinking, but slow; down to a half, interpolation skips no pixel either.
    method = cv2.INTER_AREA if scale < _SKIPS_NONE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=method), dtype=np.uint8)


def _padded(image: Image) -> Image:
    """Black below and to the right, up to the next multiples of 32."""
    height, width = image.shape[:2]
    bottom, right = -height % _MULTIPLE, -width % _MULTIPLE
    return np.asarray(cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_CONSTANT), dtype=np.uint8)
