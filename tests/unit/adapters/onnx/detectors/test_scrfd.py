"""SCRFD's decoding, on files made here in the forms that exports come in."""

import numpy as np
import pytest

from adapters.onnx.detectors.scrfd import ScrfdDetector
from domain.errors import BrokenModel
from domain.faces import DetectedFace
from tests.unit.networks import Array, Recorder, constant_file, session

SIZE = (64, 128)
POINTS = np.array([[10, 5], [20, 5], [15, 12], [11, 18], [19, 18]], np.float32)
"""From the cell's place."""


def outputs(stride: int, line: int, column: int, anchors: int = 2, score: float = 0.9) -> dict[str, Array]:
    """One face, at the last anchor of a cell: from 8 left and 16 above it to 24 right and 32 below."""
    answer: dict[str, Array] = {}
    for each in (8, 16, 32):
        rows = SIZE[0] // each * (SIZE[1] // each) * anchors
        scores, boxes, points = np.zeros((rows, 1)), np.zeros((rows, 4)), np.zeros((rows, 10))
        if each == stride:
            at = anchors * (line * (SIZE[1] // each) + column) + anchors - 1
            scores[at], boxes[at] = score, np.array([8, 16, 24, 32]) / stride
            points[at] = POINTS.ravel() / stride
        answer |= {f"score_{each}": scores, f"bbox_{each}": boxes, f"kps_{each}": points}
    return answer


def detect(answer: dict[str, Array]) -> list[DetectedFace]:
    detector = ScrfdDetector(session(constant_file(answer, SIZE)), "scrfd")
    return detector.detect(np.zeros((*SIZE, 3), np.uint8))


@pytest.mark.parametrize("anchors", [1, 2, 3])
@pytest.mark.parametrize(("stride", "line", "column"), [(8, 0, 0), (8, 7, 15), (16, 2, 3), (32, 1, 2)])
def test_distances_are_in_strides_from_the_cell(stride: int, line: int, column: int, anchors: int) -> None:
    (face,) = detect(outputs(stride, line, column, anchors))
    x, y = column * stride, line * stride
    box = [face.box.x, face.box.y, face.box.width, face.box.height]
    np.testing.assert_allclose(box, [x - 8, y - 16, 32, 48], atol=1e-4)
    assert face.landmarks is not None
    np.testing.assert_allclose(face.landmarks, POINTS + np.array([x, y]), atol=1e-4)
    assert face.score == pytest.approx(0.9)


def test_outputs_in_any_order_under_any_names_with_or_without_a_batch() -> None:
    answer = outputs(16, 2, 3)
    other = {f"output{i}": array[None] for i, (_, array) in enumerate(sorted(answer.items(), reverse=True))}
    assert detect(other)[0].box == detect(answer)[0].box


def test_weak_faces_are_left_out() -> None:
    assert detect(outputs(16, 2, 3, score=0.49)) == []


def test_the_network_gets_rgb_around_zero() -> None:
    recorder = Recorder(
        {f"{kind}_{n}": (n * n * 2, kind) for kind in (1, 4, 10) for n in (4, 2, 1)}  # cells a side
    )
    ScrfdDetector(recorder, "model").infer(np.full((32, 32, 3), (10, 20, 30), np.uint8), 0.5)
    np.testing.assert_allclose(recorder.pixel, (np.array([30, 20, 10]) - 127.5) / 128)


def test_grids_of_another_size_are_refused() -> None:
    answer = outputs(16, 2, 3)
    answer["score_8"] = answer["score_8"][:-1]
    with pytest.raises(BrokenModel):
        detect(answer)


def test_a_file_without_landmarks_is_refused() -> None:
    with pytest.raises(BrokenModel):
        detect({name: array for name, array in outputs(16, 2, 3).items() if not name.startswith("kps")})
