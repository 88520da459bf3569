"""A face that is plain to see in one pass over few pixels, and those that aren't."""

from collections.abc import Mapping

import numpy as np
import pytest

from adapters.onnx.detectors.yunet.detector import YuNetDetector
from adapters.onnx.detectors.yunet.network import YuNetNetwork
from adapters.onnx.session import Tensor
from domain.faces import DetectedFace, Image
from tests.unit.adapters.onnx.detectors.yunet.test_detector import Cell, FakeSession

IMAGE: Image = np.zeros((240, 320, 3), np.uint8)
"""The picture is 160 x 120 pixels, in 160 x 128."""


def cell(
    x: float,
    y: float,
    size: float = 60,
    score: float = 0.95,
    *,
    width: float = 0.8,
    tilt: float = 0,
    at: float = 0,
) -> Cell:
    """One of stride 8 that detects a face around a point of the picture, `at` says where its landmarks are."""
    column, row = int(x / 8), int(y / 8)
    box = (x / 8 - column, y / 8 - row, np.log(size * width / 8), np.log(size / 8))
    points = np.array([[-1, -1], [1, -1 + tilt], [0, 0], [-1, 1], [1, 1]]) * size / 32
    points += [x / 8 - column + at / 8, y / 8 - row]
    return Cell(8, row, column, score, box, tuple(points.ravel().tolist()))


def coarsely_detected(*cells: Cell, image: Image = IMAGE) -> DetectedFace | None:
    session = FakeSession(list(cells))
    found = YuNetDetector(YuNetNetwork(session)).detect_coarsely(image)
    assert session.seen == [(1, 3, 128, 160)]
    return found


def test_a_face_in_pixels_of_the_image() -> None:
    face = coarsely_detected(cell(80, 60))
    assert face is not None
    box = face.box
    np.testing.assert_allclose((box.x, box.y, box.width, box.height), (112, 60, 96, 120), rtol=1e-5)
    assert face.landmarks is not None
    np.testing.assert_allclose(face.landmarks[2], (160, 120), rtol=1e-5)


def test_landmarks_are_the_mean_of_the_cells_that_detect_the_face() -> None:
    face = coarsely_detected(cell(80, 60, score=0.95), cell(88, 60, score=0.95, at=-6))
    assert face is not None
    assert face.landmarks is not None
    assert face.landmarks[2, 0] == pytest.approx(2 * (80 + 82) / 2, abs=1e-3)
    assert face.landmark_spread == pytest.approx(1 / 60, abs=1e-4)
    assert face.enlarged(2).landmark_spread == face.landmark_spread


def test_small_images_are_not_enlarged() -> None:
    face = coarsely_detected(cell(80, 60), image=np.zeros((120, 150, 3), np.uint8))
    assert face is not None
    assert face.box.height == pytest.approx(60)


@pytest.mark.parametrize(
    "cells",
    [
        (),
        (cell(80, 60, 38),),
        (cell(80, 60), cell(88, 60, at=2)),
        (cell(80, 60, score=0.85),),
        (cell(80, 60, width=1),),
        (cell(80, 60, tilt=0.4),),
        (cell(80, 24),),
        (cell(80, 98),),
        (cell(20, 60),),
        (cell(140, 60),),
        (cell(40, 60), cell(120, 60, 50)),
        (cell(40, 60), cell(120, 60, 50, score=0.35)),
    ],
    ids=[
        "no face",
        "a small one",
        "cells that disagree",
        "an uncertain one",
        "a wide one",
        "a tilted one",
        "cut at the top",
        "at the bottom",
        "on the left",
        "on the right",
        "another as large",
        "perhaps another",
    ],
)
def test_what_takes_a_closer_look(cells: tuple[Cell, ...]) -> None:
    assert coarsely_detected(*cells) is None


def test_a_smaller_face_beside_it_does_not_matter() -> None:
    face = coarsely_detected(cell(40, 60), cell(120, 60, 40))
    assert face is not None
    assert face.box.x < 100


def test_a_tall_but_narrow_one_beside_it_does_not_matter() -> None:
    face = coarsely_detected(cell(40, 60), cell(120, 60, 58, width=0.45))
    assert face is not None
    assert face.box.x < 100


def test_a_larger_one_of_which_less_is_in_the_picture_does_not_matter() -> None:
    face = coarsely_detected(cell(40, 60), cell(152, 112, 70))
    assert face is not None
    assert face.box.x < 100


def test_a_face_that_is_too_large_is_looked_for_in_fewer_pixels() -> None:
    session = FakeSession([cell(48, 48, 90)], wide=96)
    large = FakeSession([cell(80, 80, 110)], wide=160)

    class Both(FakeSession):
        def run(self, batch: Tensor) -> Mapping[str, Tensor]:
            self.seen.append(batch.shape)
            return (large if batch.shape[3] == 160 else session).run(batch)

    both = Both()
    face = YuNetDetector(YuNetNetwork(both)).detect_coarsely(np.zeros((320, 320, 3), np.uint8))
    assert both.seen == [(1, 3, 160, 160), (1, 3, 96, 96)]
    assert face is not None
    assert face.box.height == pytest.approx(90 * 320 / 96)
