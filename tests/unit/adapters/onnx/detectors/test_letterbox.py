"""How images of any size are letterboxed into a network's input."""

import numpy as np
import pytest
from typing_extensions import override

from adapters.onnx.detectors.detections import Detections
from adapters.onnx.detectors.letterbox import LetterboxDetector
from domain.faces import Box, Image
from tests.unit.networks import Recorder

SIZE = (480, 640)


class Fake(LetterboxDetector):
    """Detects a face in the whole white part of a picture, if that is at most `widest` pixels wide."""

    def __init__(self, widest: int = 1000) -> None:
        super().__init__(Recorder({}), "fake", SIZE, threshold=0.6, overlap=0.4)
        self.widest = widest
        self.seen: list[tuple[int, int]] = []
        self.thresholds: list[float] = []

    @override
    def infer(self, picture: Image, threshold: float) -> Detections:
        assert picture.shape == (*SIZE, 3)
        assert picture.dtype == np.uint8
        height, width = (int(axis.max()) + 1 for axis in np.nonzero(picture[..., 0]))
        self.seen.append((height, width))
        self.thresholds.append(threshold)
        boxes = np.array([[0, 0, width, height]], np.float32)[: int(width <= self.widest)]
        return Detections(np.ones(len(boxes), np.float32), boxes)


def white(height: int, width: int) -> Image:
    return np.full((height, width, 3), 255, np.uint8)


@pytest.mark.parametrize(
    ("image", "fitted"),
    [
        ((480, 640), (480, 640)),
        ((240, 240), (480, 480)),
        ((3000, 4000), (480, 640)),
        ((1000, 500), (480, 240)),
        ((10, 5000), (1, 640)),
        ((1, 1), (480, 480)),
    ],
)
def test_the_image_fills_the_picture_and_keeps_its_shape(
    image: tuple[int, int], fitted: tuple[int, int]
) -> None:
    network = Fake()
    network.detect(white(*image))
    assert network.seen == [fitted]


@pytest.mark.parametrize("image", [(480, 640), (333, 77), (3000, 4000), (10, 5000)])
def test_faces_are_in_pixels_of_the_image(image: tuple[int, int]) -> None:
    (face,) = Fake().detect(white(*image))
    box: Box = face.box
    np.testing.assert_allclose([box.x, box.y, box.height, box.width], [0, 0, *image], rtol=1e-6)


def test_an_image_without_a_face_is_tried_again_smaller() -> None:
    network = Fake(widest=300)
    (face,) = network.detect(white(480, 640))
    assert network.seen == [(480, 640), (192, 256)]
    np.testing.assert_allclose([face.box.height, face.box.width], [480, 640])


def test_the_network_gets_the_threshold() -> None:
    network = Fake()
    network.detect(white(480, 640))
    assert network.thresholds == [0.6]
