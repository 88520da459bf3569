"""Photos that lie on a side or stand on their head, without EXIF that says so."""

import numpy as np

from domain.faces import Box, DetectedFace, Image, Landmarks

QUARTERS = (1, 2, 3)
"""Turns by 90 degrees, counterclockwise, that bring such photos upright."""


def turned(image: Image, quarters: int) -> Image:
    """The image, turned counterclockwise."""
    return np.ascontiguousarray(np.rot90(image, quarters))


def turned_back(face: DetectedFace, quarters: int, image: Image) -> DetectedFace:
    """A face that was found in `turned(image, quarters)`, in the coordinates of the image.

    Its box stays an axis-aligned one; its landmarks keep their order, so that they say how the face lies.
    """
    height, width = image.shape[:2]
    box, landmarks = face.box, face.landmarks
    for step in range(quarters):
        # A point (x, y) of the turned image comes from (W - y, x) of the image before, which is W wide.
        before = width if (quarters - step) % 2 else height
        box = Box(before - box.y - box.height, box.x, box.height, box.width)
        if landmarks is not None:
            landmarks = _turned_back(landmarks, before)
    return DetectedFace(box, face.score, landmarks)


def _turned_back(landmarks: Landmarks, width: int) -> Landmarks:
    x, y = landmarks.T
    return np.stack([np.float32(width - 1) - y, x], axis=1)  # whole coordinates are a pixel's centre
