"""Ultra-Light's decoding, on a file made here whose outputs stand for known faces."""

import numpy as np
import pytest

from adapters.onnx.detectors.ultralight import UltraLightDetector
from domain.errors import BrokenModel
from tests.unit.networks import Array, Recorder, constant_file, session

OUTPUTS: dict[str, Array] = {
    "scores": np.array([[[0.1, 0.9], [0.31, 0.69], [0.2, 0.8]]]),
    "boxes": np.array([[[0.25, 0.5, 0.75, 1.0], [0, 0, 0.1, 0.1], [0, 0, 0.25, 0.25]]]),
}


def test_corners_are_relative_to_the_picture() -> None:
    detector = UltraLightDetector(session(constant_file(OUTPUTS, (48, 64))), "faceonnx")
    first, second = detector.detect(np.zeros((48, 64, 3), np.uint8))
    assert (first.box.x, first.box.y, first.box.width, first.box.height) == (16, 24, 32, 24)
    assert (second.box.x, second.box.y, second.box.width, second.box.height) == (0, 0, 16, 12)
    assert (first.score, second.score) == (pytest.approx(0.9), pytest.approx(0.8))
    assert first.landmarks is None


def test_the_network_gets_rgb_around_zero() -> None:
    recorder = Recorder({"scores": (1, 3, 2), "boxes": (1, 3, 4)})
    UltraLightDetector(recorder, "model").infer(np.full((32, 32, 3), (10, 20, 30), np.uint8), 0.5)
    np.testing.assert_allclose(recorder.pixel, (np.array([30, 20, 10]) - 127) / 128)


def test_a_file_of_open_size_is_refused() -> None:
    with pytest.raises(BrokenModel):
        UltraLightDetector(Recorder({"scores": (1, 3, 2), "boxes": (1, 3, 4)}, (1, 3, None, None)), "model")
