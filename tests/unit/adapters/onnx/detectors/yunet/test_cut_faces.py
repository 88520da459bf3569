"""Faces that are cut off by the border of the image."""

import cv2
import numpy as np
import pytest

from adapters.onnx.detectors.yunet.cut_faces import recover_cut_faces, touches_border
from adapters.onnx.detectors.yunet.detector import YuNetDetector
from adapters.onnx.detectors.yunet.network import YuNetNetwork
from domain.faces import Box, DetectedFace, Image
from tests.unit.adapters.onnx.detectors.yunet.test_detector import Cell, FakeSession

IMAGE = np.zeros((100, 100, 3), np.uint8)
CUT = DetectedFace(Box(-1, 40, 20, 30), 0.4)


def middle(score: float) -> YuNetNetwork:
    """Detects a face of 64 pixels in the middle of each picture of 192."""
    return YuNetNetwork(FakeSession([Cell(32, 3, 3, score, box=(0, 0, np.log(2), np.log(2)))], wide=192))


@pytest.mark.parametrize(
    ("box", "touches"),
    [
        (Box(1, 1, 98, 98), False),
        (Box(0.5, 10, 10, 10), True),
        (Box(10, -3, 10, 10), True),
        (Box(50, 50, 49.5, 10), True),
        (Box(50, 50, 10, 60), True),
    ],
)
def test_where_a_face_may_be_cut(box: Box, touches: bool) -> None:  # noqa: FBT001
    assert touches_border(box, IMAGE) is touches


def test_a_face_that_is_detected_again_is_recovered() -> None:
    (face,) = recover_cut_faces(middle(0.9), IMAGE, [CUT], [])
    # The view is 60 pixels wide around (9, 55), so that its middle cell is there.
    assert face.score == pytest.approx(0.9)
    assert (face.box.x, face.box.y, face.box.width) == (
        pytest.approx(-1),
        pytest.approx(45),
        pytest.approx(20),
    )
    assert face.landmarks is not None


def test_a_face_with_a_low_score_is_not_recovered() -> None:
    assert recover_cut_faces(middle(0.75), IMAGE, [CUT], []) == []


def test_faces_inside_the_image_are_not_checked_again() -> None:
    session = FakeSession()
    inside = DetectedFace(Box(30, 30, 20, 20), 0.6)
    assert recover_cut_faces(YuNetNetwork(session), IMAGE, [inside], []) == []
    assert session.seen == []


def test_a_face_is_not_found_twice() -> None:
    known = DetectedFace(Box(-1, 45, 20, 20), 0.9)
    assert recover_cut_faces(middle(0.9), IMAGE, [CUT], [known]) == []
    assert len(recover_cut_faces(middle(0.9), IMAGE, [CUT, CUT], [])) == 1


@pytest.mark.parametrize(
    ("box", "side"),
    [
        (Box(-1, -1, 1, 1), 4),
        (Box(99, 99, 3, 3), 6),
        (Box(-500, 10, 510, 90), 1020),
        (Box(130, 130, 10, 10), 20),
        (Box(-60, 10, 10, 10), 20),
    ],
)
def test_boxes_of_any_size_and_place_are_checked(box: Box, side: int) -> None:
    """The network detects a face in the middle of the region, a third as wide as that."""
    (face,) = recover_cut_faces(middle(0.9), IMAGE, [DetectedFace(box, 0.5)], [])
    assert face.box.width == pytest.approx(side / 3)
    centre = box.x + box.width / 2, box.y + box.height / 2
    assert (face.box.x + face.box.width / 2, face.box.y + face.box.height / 2) == pytest.approx(centre, abs=1)


@pytest.mark.parametrize(("left", "top", "right"), [(0, 0, 212), (235, 0, 512), (0, 130, 512)])
def test_half_a_face_is_found(
    yunet_network: YuNetNetwork, portrait: Image, left: int, top: int, right: int
) -> None:
    """The astronaut's face is at (174, 62), 94 pixels wide and 116 high."""
    part = np.ascontiguousarray(portrait[top:, left:right])
    (face,) = YuNetDetector(yunet_network).detect(part)
    assert face.box.overlap(Box(174 - left, 62 - top, 94, 116)) > 0.45
    assert 0.4 < face.box.inside(part) < 0.6


def test_textures_at_the_border_are_no_faces(yunet_network: YuNetNetwork) -> None:
    rng = np.random.default_rng(0)
    detector = YuNetDetector(yunet_network)
    for size in (4, 9, 30, 60):
        coarse = rng.integers(0, 256, (size, size, 3), dtype=np.uint8)
        assert detector.detect(np.asarray(cv2.resize(coarse, (480, 480)), dtype=np.uint8)) == []
