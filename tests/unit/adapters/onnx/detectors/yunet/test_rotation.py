"""Faces found in turned images, brought back."""

import numpy as np
import pytest

from adapters.onnx.detectors.yunet.rotation import ROTATIONS, rotated, rotated_back
from domain.faces import Box, DetectedFace

IMAGE = np.zeros((7, 11, 3), np.uint8)
IMAGE[2:4, 8:11] = 255


@pytest.mark.parametrize("quarters", ROTATIONS)
def test_boxes_and_landmarks_come_back_to_where_they_were(quarters: int) -> None:
    picture = rotated(IMAGE, quarters)
    rows, columns = np.nonzero(picture[..., 0])
    top, left = int(rows.min()), int(columns.min())
    box = Box(left, top, int(columns.max()) + 1 - left, int(rows.max()) + 1 - top)
    landmarks = np.stack([columns, rows], axis=1)[:5].astype(np.float32)
    face = rotated_back(DetectedFace(box, 0.9, landmarks), quarters, IMAGE)
    assert face.box == Box(8, 2, 3, 2)
    assert face.score == 0.9
    assert face.landmarks is not None
    assert face.landmarks.dtype == np.float32
    assert all(IMAGE[round(y), round(x), 0] for x, y in face.landmarks.tolist())


def test_without_landmarks_there_are_none() -> None:
    assert rotated_back(DetectedFace(Box(0, 0, 1, 1), 0.9), 1, IMAGE).landmarks is None
