"""Photos that are rotated by 90, 180 or 270 degrees without EXIF data that says so."""

import numpy as np

from domain.faces import Box, DetectedFace, Image, Landmarks

ROTATIONS = (1, 2, 3)
"""Counterclockwise rotations by 90 degrees that bring such photos upright."""


def rotated(image: Image, times: int) -> Image:
    """The image, rotated counterclockwise by `times` x 90 degrees."""
    return np.ascontiguousarray(np.rot90(image, times))


def rotated_back(face: DetectedFace, times: int, image: Image) -> DetectedFace:
    """A face that was found in `rotated(image, times)`, in the coordinates of the image.

    Its landmarks keep their order, so that they show how the face is rotated.
    """
    height, width = image.shape[:2]
    box, landmarks = face.box, face.landmarks
    for step in range(times):
        # A point (x, y) of the rotated image comes from (W - y, x) of the image before, which is W wide.
        before = width if (times - step) % 2 else height
        box = Box(before - box.y - box.height, box.x, box.height, box.width)
        if landmarks is not None:
            landmarks = _points_back(landmarks, before)
    return DetectedFace(box, face.score, landmarks)


def _points_back(landmarks: Landmarks, width: int) -> Landmarks:
    x, y = landmarks.T
    return np.stack([np.float32(width - 1) - y, x], axis=1)  # whole coordinates are a pixel's centre
