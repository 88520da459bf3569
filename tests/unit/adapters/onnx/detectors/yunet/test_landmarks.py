"""YuNetLandmarks: which cells count, and their weights."""

import numpy as np
import pytest

from adapters.onnx.detectors.yunet.landmarks import YuNetLandmarks
from adapters.onnx.detectors.yunet.network import YuNetNetwork
from domain.faces import Image, Landmarks
from tests.unit.adapters.onnx.detectors.yunet.test_detector import Cell, FakeSession

PICTURE: Image = np.zeros((192, 192, 3), np.uint8)


def cell(x: int, y: int, score: float, *, size: float = 96, point: float = 0) -> Cell:
    """One of stride 16 that detects a face there, all of its landmarks at (point, point), in pixels."""
    row, column = y // 16, x // 16
    box = (x / 16 - column, y / 16 - row, np.log(size / 16), np.log(size / 16))
    return Cell(16, row, column, score, box, (point / 16 - column, point / 16 - row) * 5)


def located(*cells: Cell) -> Landmarks | None:
    network = YuNetNetwork(FakeSession(list(cells)))
    (landmarks,) = YuNetLandmarks(lambda: network).locate([PICTURE])
    return landmarks


def test_cells_that_detect_the_same_face_are_weighted_by_squared_scores() -> None:
    found = located(cell(96, 96, 0.9, point=100), cell(100, 112, 0.3, point=110))
    assert found is not None
    np.testing.assert_allclose(found, np.full((5, 2), 101), atol=1e-3)


@pytest.mark.parametrize(
    "other",
    [cell(176, 96, 0.99, point=170), cell(96, 10, 0.99, point=10), cell(100, 112, 0.5, size=30, point=30)],
    ids=["a neighbour", "one above", "another size"],
)
def test_other_cells_do_not_count(other: Cell) -> None:
    found = located(cell(96, 96, 0.6, point=100), other)
    assert found is not None
    np.testing.assert_allclose(found, np.full((5, 2), 100), atol=1e-3)


def test_no_face_in_the_middle() -> None:
    assert located() is None
    assert located(cell(176, 96, 0.99)) is None


def test_no_pictures_without_the_network() -> None:
    network = YuNetNetwork(FakeSession([cell(96, 96, 0.9, point=50)]))
    assert len(YuNetLandmarks(lambda: network).locate([PICTURE, PICTURE, PICTURE])) == 3
