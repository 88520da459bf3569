"""Raw detections, non-maximum suppression, and coordinates."""

import numpy as np

from adapters.onnx.detectors.detections import Detections
from domain.faces import Box

BOXES = np.array([[0, 0, 10, 10], [1, 0, 10, 10], [40, 0, 10, 10], [5, 5, 10, 10]], np.float32)
SCORES = np.array([0.7, 0.9, 0.8, 0.6], np.float32)
POINTS = np.arange(40, dtype=np.float32).reshape(4, 5, 2)


def test_suppression_keeps_the_best_of_those_that_overlap() -> None:
    kept = Detections(SCORES, BOXES, POINTS).suppress_overlapping(0.45)
    np.testing.assert_array_equal(kept.scores, SCORES[1:])
    np.testing.assert_array_equal(kept.boxes, BOXES[1:])
    np.testing.assert_array_equal(kept.landmarks, POINTS[1:])


def test_suppression_of_nothing() -> None:
    nothing = Detections(SCORES[:0], BOXES[:0], POINTS[:0])
    assert nothing.suppress_overlapping(0.45).to_faces(1, 1) == []


def test_boxes_from_corners() -> None:
    corners = np.array([[10, 20, 40, 60]], np.float32)
    np.testing.assert_array_equal(Detections.from_corners(SCORES[:1], corners).boxes, [[10, 20, 30, 40]])


def test_faces_are_in_pixels_of_the_image() -> None:
    (face,) = Detections(SCORES[:1], np.array([[4, 6, 8, 12]], np.float32), POINTS[:1]).to_faces(2, 3)
    assert face.box == Box(2, 2, 4, 4)
    assert face.landmarks is not None
    np.testing.assert_allclose(face.landmarks, POINTS[0] / (2, 3), rtol=1e-6)


def test_faces_without_landmarks() -> None:
    faces = Detections(SCORES, BOXES).to_faces(1, 1)
    assert [face.landmarks for face in faces] == [None] * 4


def test_the_face_in_the_middle() -> None:
    central = Detections(SCORES, BOXES).central(side=20)
    np.testing.assert_array_equal(central.boxes, BOXES[3:])
    assert len(Detections(SCORES, BOXES).central(side=60).scores) == 0


def test_a_picture_may_begin_anywhere_in_the_image() -> None:
    (face,) = Detections(SCORES[:1], np.array([[4, 6, 8, 12]], np.float32), POINTS[:1]).to_faces(
        2, 2, -10, 100
    )
    assert face.box == Box(-8, 103, 4, 6)
    assert face.landmarks is not None
    np.testing.assert_allclose(face.landmarks, POINTS[0] / 2 + (-10, 100))
