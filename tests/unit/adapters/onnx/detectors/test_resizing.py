"""Pictures of other sizes for networks."""

import numpy as np
import pytest

from adapters.onnx.detectors.resizing import resized


@pytest.mark.parametrize("shape", [(3, 5), (250, 250), (999, 1403), (3000, 4001), (4001, 3)])
@pytest.mark.parametrize("size", [(640, 480), (7, 9), (1, 1)])
def test_any_size_becomes_any_other(shape: tuple[int, int], size: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 77, np.uint8)
    picture = resized(image, *size)
    assert picture.shape == (size[1], size[0], 3)
    assert (picture == 77).all()


def test_the_same_size_is_the_same_image() -> None:
    image = np.zeros((12, 34, 3), np.uint8)
    assert resized(image, 34, 12) is image


def test_no_pixel_is_skipped() -> None:
    """A white line, two pixels wide, is visible wherever it is."""
    for row in range(600, 640):
        image = np.zeros((1300, 1300, 3), np.uint8)
        image[row : row + 2] = 255
        assert resized(image, 100, 100).max() > 0


def test_places_stay() -> None:
    """A white square's middle is at the same part of the picture, whatever the sizes."""
    image = np.zeros((1111, 1777, 3), np.uint8)
    image[300:500, 900:1300] = 255
    picture = resized(image, 320, 200)
    rows, columns = np.nonzero(picture[..., 0] > 127)
    assert rows.mean() + 0.5 == pytest.approx(400 * 200 / 1111, abs=0.3)
    assert columns.mean() + 0.5 == pytest.approx(1100 * 320 / 1777, abs=0.3)
