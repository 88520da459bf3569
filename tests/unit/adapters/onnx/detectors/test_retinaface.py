"""RetinaFace's decoding, on a file made here whose outputs stand for known faces.

The published weights are on no package registry, so that they are not run by any test.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from adapters.onnx.detectors.retinaface import RetinaFaceDetector
from domain.errors import BrokenModel
from domain.faces import DetectedFace
from tests.unit.networks import Array, Recorder, constant_file, session

SIZE = (96, 160)
ROWS = 2 * (12 * 20 + 6 * 10 + 3 * 5)
PRIORS = {(8, 16): 0, (8, 32): 1, (16, 64): 480, (16, 128): 481, (32, 256): 600, (32, 512): 601}
"""Of a grid's stride and a prior box's side: the row of the grid's first cell."""
LANDMARKS = np.array([[30, 20], [50, 20], [40, 30], [32, 44], [48, 44]], np.float32)


def row(stride: int, side: int, line: int, column: int) -> int:
    return PRIORS[stride, side] + 2 * (line * (SIZE[1] // stride) + column)


def outputs(faces: list[tuple[int, int, int, int, float]]) -> dict[str, Array]:
    """Faces at (stride, side, line, column, score): 48 x 60 pixels at (16, 8), and LANDMARKS.

    Offsets are relative to the prior box and divided by 0.1, logarithms of sizes by 0.2.
    """
    boxes, scores, points = np.zeros((ROWS, 4)), np.zeros((ROWS, 2)), np.zeros((ROWS, 10))
    for stride, side, line, column, score in faces:
        place = np.array([column + 0.5, line + 0.5]) * stride
        at = row(stride, side, line, column)
        boxes[at] = [*((np.array([40, 38]) - place) / side / 0.1), *(np.log(np.array([48, 60]) / side) / 0.2)]
        points[at] = ((LANDMARKS - place) / side / 0.1).ravel()
        scores[at] = 1 - score, score
    return {"loc": boxes[None], "conf": scores[None], "landmarks": points[None]}


def detect(answer: dict[str, Array]) -> list[DetectedFace]:
    detector = RetinaFaceDetector(session(constant_file(answer, SIZE)), "retinaface")
    return detector.detect(np.zeros((*SIZE, 3), np.uint8))


@pytest.mark.parametrize(
    ("stride", "side", "line", "column"),
    [(8, 16, 0, 0), (8, 32, 4, 5), (8, 32, 11, 19), (16, 64, 2, 3), (16, 128, 5, 9), (32, 512, 2, 4)],
)
def test_boxes_and_landmarks_are_relative_to_the_prior_box(
    stride: int, side: int, line: int, column: int
) -> None:
    (face,) = detect(outputs([(stride, side, line, column, 0.9)]))
    box = [face.box.x, face.box.y, face.box.width, face.box.height]
    np.testing.assert_allclose(box, [16, 8, 48, 60], rtol=1e-4)
    np.testing.assert_allclose(landmarks(face), LANDMARKS, rtol=1e-4)
    assert face.score == pytest.approx(0.9)


def landmarks(face: DetectedFace) -> NDArray[np.float32]:
    assert face.landmarks is not None
    return face.landmarks


def test_the_best_of_those_that_overlap_is_kept() -> None:
    (face,) = detect(outputs([(16, 64, 2, 3, 0.7), (8, 32, 4, 5, 0.95), (16, 128, 2, 2, 0.6)]))
    assert face.score == pytest.approx(0.95)


def test_weak_faces_are_left_out() -> None:
    assert detect(outputs([(16, 64, 2, 3, 0.49)])) == []


def test_the_order_and_the_names_of_outputs_do_not_matter() -> None:
    answer = outputs([(16, 64, 2, 3, 0.9)])
    renamed = {"a": answer["landmarks"], "b": answer["loc"], "c": answer["conf"]}
    assert detect(renamed)[0].box == detect(answer)[0].box


def test_the_network_gets_bgr_less_the_mean_colour() -> None:
    recorder = Recorder({"loc": (1, 42, 4), "conf": (1, 42, 2), "landmarks": (1, 42, 10)})
    RetinaFaceDetector(recorder, "model").infer(np.full((32, 32, 3), (10, 20, 30), np.uint8), 0.5)
    assert recorder.pixel == [10 - 104, 20 - 117, 30 - 123]


def test_a_file_of_another_number_of_priors_is_refused() -> None:
    answer = {name: array[:, :-1] for name, array in outputs([]).items()}
    with pytest.raises(BrokenModel):
        RetinaFaceDetector(session(constant_file(answer, SIZE)), "retinaface")
