"""Faces that the border of the image cuts: with the other half mirrored, YuNet takes half a face for one."""

from collections.abc import Sequence

import cv2
import numpy as np

from adapters.onnx.detectors.resizing import resized
from adapters.onnx.detectors.yunet.network import YuNetNetwork, as_batch
from domain.faces import Box, DetectedFace, Image

_SIDE = 192
"""Pixels of the square that is looked at."""
_SURROUNDINGS = 2.0
"""Its side, in longer sides of the face's box."""
_LEAST = 0.8
"""The least score then: of a thing and its mirror image more look like a face than of things."""
_ANOTHER = 0.3
"""The greatest intersection over union of two faces."""


def touches_border(box: Box, image: Image) -> bool:
    """Whether a face may go on outside of the image."""
    height, width = image.shape[:2]
    return bool(min(box.x, box.y, width - box.x - box.width, height - box.y - box.height) < 1)


def confirmed(
    network: YuNetNetwork,
    image: Image,
    doubtful: Sequence[DetectedFace],
    sure: Sequence[DetectedFace],
) -> list[DetectedFace]:
    """Those of the doubtful faces at the border that are faces, with what the second look tells of them.

    Each is cut out with its surroundings, which are continued beyond the border by their mirror image. So boxes
    and landmarks extend to where the rest of the face would be.

    Args:
        network: what looks.
        image: H x W x 3.
        doubtful: candidates that score too little to be faces.
        sure: faces that were found already, which are not found twice.
    """
    squares = [_square(face.box) for face in doubtful if touches_border(face.box, image)]
    if not squares:
        return []
    looks = network.candidates(as_batch([_view(image, square) for square in squares]), _LEAST)
    found: list[DetectedFace] = []
    for (left, top, side), seen in zip(squares, looks, strict=True):
        central = seen.central(_SIDE)
        best = central.take(central.scores.argsort()[-1:])
        for face in best.faces(_SIDE / side, _SIDE / side, left, top):
            if all(face.box.overlap(other.box) < _ANOTHER for other in (*sure, *found)):
                found.append(face)
    return found


def _square(box: Box) -> tuple[int, int, int]:
    """Left, top and side of the face's surroundings, in pixels of the image."""
    side = max(4, round(_SURROUNDINGS * box.longer))
    return round(box.x + (box.width - side) / 2), round(box.y + (box.height - side) / 2), side


def _view(image: Image, square: tuple[int, int, int]) -> Image:
    left, top, side = square
    height, width = image.shape[:2]
    inside = image[max(0, top) : top + side, max(0, left) : left + side]
    beyond = max(0, -top), max(0, top + side - height), max(0, -left), max(0, left + side - width)
    whole = cv2.copyMakeBorder(inside, *beyond, cv2.BORDER_REFLECT)
    return resized(np.asarray(whole, dtype=np.uint8), _SIDE, _SIDE)
