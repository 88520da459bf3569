"""The second look at faces that the border cuts."""

import cv2
import numpy as np
import pytest

from adapters.onnx.detectors.yunet.cut_faces import confirmed, touches_border
from adapters.onnx.detectors.yunet.detector import YuNetDetector
from adapters.onnx.detectors.yunet.network import YuNetNetwork
from domain.faces import Box, DetectedFace, Image
from tests.unit.test_yunet import Cell, FakeSession

IMAGE = np.zeros((100, 100, 3), np.uint8)
CUT = DetectedFace(Box(-1, 40, 20, 30), 0.4)


def middle(score: float) -> YuNetNetwork:
    """Sees a face of 64 pixels in the middle of each picture of 192."""
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


def test_a_face_that_is_seen_then_is_a_face() -> None:
    (face,) = confirmed(middle(0.9), IMAGE, [CUT], [])
    # The view is 60 pixels wide around (9, 55), so that its middle cell is there.
    assert face.score == pytest.approx(0.9)
    assert (face.box.x, face.box.y, face.box.width) == (
        pytest.approx(-1),
        pytest.approx(45),
        pytest.approx(20),
    )
    assert face.landmarks is not None


def test_one_that_is_not_seen_well_is_none() -> None:
    assert confirmed(middle(0.75), IMAGE, [CUT], []) == []


def test_faces_inside_are_not_looked_at_again() -> None:
    session = FakeSession()
    inside = DetectedFace(Box(30, 30, 20, 20), 0.6)
    assert confirmed(YuNetNetwork(session), IMAGE, [inside], []) == []
    assert session.seen == []


def test_a_face_is_not_found_twice() -> None:
    known = DetectedFace(Box(-1, 45, 20, 20), 0.9)
    assert confirmed(middle(0.9), IMAGE, [CUT], [known]) == []
    assert len(confirmed(middle(0.9), IMAGE, [CUT, CUT], [])) == 1


@pytest.mark.parametrize("box", [Box(-1, -1, 1, 1), Box(99, 99, 3, 3), Box(-500, 10, 510, 90)])
def test_boxes_of_any_size_can_be_looked_at(box: Box) -> None:
    confirmed(middle(0.9), IMAGE, [DetectedFace(box, 0.5)], [])


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
