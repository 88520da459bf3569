"""YuNet's decoding on outputs made by hand, and the sizes to which images are scaled."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest

from adapters.onnx.detectors.yunet.detector import YuNetDetector
from adapters.onnx.detectors.yunet.network import STRIDES, YuNetNetwork
from adapters.onnx.session import Shape, Tensor
from domain.errors import BrokenModel
from domain.faces import Image
from tests.conftest import YUNET_FILE, packaged_path

CHANNELS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}


@dataclass
class Cell:
    """One cell of one grid that detects a face."""

    stride: int
    row: int
    column: int
    score: float = 1.0
    box: tuple[float, float, float, float] = (0, 0, -0.2, 0)
    points: tuple[float, ...] = (0, 0, 1, 0, 0.5, 0.5, 0, 1, 1, 1)
    """Of an upright face."""


@dataclass
class FakeSession:
    """A YuNet in which the same cells detect faces, in every picture that is `wide` pixels wide, or in all."""

    cells: list[Cell] = field(default_factory=list)
    wide: int | None = None
    seen: list[tuple[int, ...]] = field(default_factory=list)
    metadata: Mapping[str, str] = field(default_factory=dict)
    input_shape: Shape = (None, 3, None, None)
    output_shapes: Mapping[str, Shape] = field(
        default_factory=lambda: {
            f"{kind}_{s}": (None, None, n) for kind, n in CHANNELS.items() for s in STRIDES
        }
    )

    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        self.seen.append(batch.shape)
        count, _, height, width = batch.shape
        outputs = {
            f"{kind}_{s}": np.zeros((count, (height // s) * (width // s), n), np.float32)
            for kind, n in CHANNELS.items()
            for s in STRIDES
        }
        for cell in self.cells if self.wide in {None, width} else []:
            if (cell.row + 1) * cell.stride > height or (cell.column + 1) * cell.stride > width:
                continue
            index = cell.row * (width // cell.stride) + cell.column
            for kind, value in (
                ("cls", 1.0),
                ("obj", cell.score**2),
                ("bbox", cell.box),
                ("kps", cell.points),
            ):
                outputs[f"{kind}_{cell.stride}"][:, index] = value
        return outputs


def test_a_session_of_another_family_is_refused() -> None:
    with pytest.raises(BrokenModel):
        YuNetNetwork(FakeSession(output_shapes={"fc1": (None, 128)}))


def test_decoding() -> None:
    cell = Cell(
        16, row=2, column=3, score=0.9, box=(0.5, 0.25, np.log(2), np.log(4)), points=tuple(range(10))
    )
    network = YuNetNetwork(FakeSession([cell]))
    first, second = network.infer(np.zeros((2, 3, 64, 96), np.float32), threshold=0.5)
    np.testing.assert_allclose(first.scores, [0.9])
    centre = np.array([3.5, 2.25]) * 16
    np.testing.assert_allclose(first.boxes, [[*(centre - (16, 32)), 32, 64]])
    assert first.landmarks is not None
    np.testing.assert_allclose(first.landmarks[0], (np.arange(10).reshape(5, 2) + np.array([3, 2])) * 16)
    np.testing.assert_array_equal(second.boxes, first.boxes)


def test_the_threshold_is_inclusive() -> None:
    network = YuNetNetwork(FakeSession([Cell(8, 0, 0, 0.5), Cell(8, 0, 1, 0.49), Cell(32, 0, 0, 0.75)]))
    (found,) = network.infer(np.zeros((1, 3, 32, 32), np.float32), threshold=0.5)
    assert found.scores.tolist() == [0.5, 0.75]


@pytest.mark.parametrize(
    ("height", "width", "sizes"),
    [
        (1, 1, [(32, 32), (256, 256), *[(32, 32)] * 3]),
        (100, 250, [(128, 256), (128, 256), (256, 128), (128, 256), (256, 128)]),
        (480, 640, [(480, 640), (192, 256), (320, 256), (256, 320), (320, 256)]),
        (20, 5000, [(32, 640), (32, 256), (320, 32), (32, 320), (320, 32)]),
        (3000, 4000, [(480, 640), (192, 256), (320, 256), (256, 320), (320, 256)]),
        (1000, 700, [(640, 448), (256, 192), (224, 320), (320, 224), (224, 320)]),
    ],
)
def test_sizes_that_are_tried_while_nothing_is_seen(
    height: int, width: int, sizes: list[tuple[int, int]]
) -> None:
    """The last three with the image turned."""
    session = FakeSession()
    assert YuNetDetector(YuNetNetwork(session)).detect(np.zeros((height, width, 3), np.uint8)) == []
    assert [shape[2:] for shape in session.seen] == sizes


def test_the_first_size_that_finds_a_face_is_the_last_one_tried() -> None:
    session = FakeSession([Cell(32, 1, 1)], wide=256)
    assert YuNetDetector(YuNetNetwork(session)).detect(np.zeros((1920, 2560, 3), np.uint8))
    assert [shape[2:] for shape in session.seen] == [(480, 640), (192, 256)]


@pytest.mark.parametrize(
    ("face", "sizes"),
    [
        (0.25, [(192, 320)]),
        (0.15, [(192, 320), (384, 640)]),
        (0, [(192, 320), (384, 640), (160, 256), (320, 192), (192, 320), (320, 192)]),
    ],
    ids=["large", "small", "none"],
)
def test_the_largest_face_alone_is_detected_in_a_small_picture_first(
    face: float, sizes: list[tuple[int, int]]
) -> None:
    """A face as large as this part of the image's width."""
    side = face * 320
    cells = [Cell(32, 1, 1, box=(0, 0, np.log(0.8 * side / 32), np.log(side / 32)))] if face else []
    session = FakeSession(cells)
    YuNetDetector(YuNetNetwork(session)).detect(np.zeros((1200, 2000, 3), np.uint8), largest_only=True)
    assert [shape[2:] for shape in session.seen] == sizes


def test_a_small_image_takes_one_pass_for_the_largest_face() -> None:
    session = FakeSession([Cell(32, 1, 1)])
    YuNetDetector(YuNetNetwork(session)).detect(np.zeros((250, 320, 3), np.uint8), largest_only=True)
    assert [shape[2:] for shape in session.seen] == [(256, 320)]


def test_faces_are_in_pixels_of_the_image() -> None:
    cell = Cell(32, row=2, column=4, box=(0, 0, 0, 0), points=(1, 1) * 5)
    detector = YuNetDetector(YuNetNetwork(FakeSession([cell])))
    (face,) = detector.detect(np.zeros((960, 1280, 3), np.uint8))
    assert (face.box.x, face.box.y, face.box.width, face.box.height) == (224, 96, 64, 64)
    assert face.landmarks is not None
    assert face.landmarks.tolist() == [[320, 192]] * 5


def test_best_score_first() -> None:
    cells = [Cell(32, 1, 1, 0.92), Cell(32, 4, 4, 0.95), Cell(32, 1, 4, 0.93)]
    faces = YuNetDetector(YuNetNetwork(FakeSession(cells))).detect(np.zeros((320, 320, 3), np.uint8))
    assert [round(face.score, 2) for face in faces] == [0.95, 0.93, 0.92]


def test_opencv_finds_the_same_with_the_published_file(yunet_network: YuNetNetwork, portrait: Image) -> None:
    published = cv2.FaceDetectorYN.create(str(packaged_path(YUNET_FILE)), "", (512, 512), 0.7, 0.3)
    ((x, y, width, height, *points, score),) = published.detect(portrait)[1].tolist()
    (face,) = YuNetDetector(yunet_network).detect(portrait)
    found = [face.box.x, face.box.y, face.box.width, face.box.height]
    np.testing.assert_allclose(found, [x, y, width, height], atol=0.05)
    assert face.landmarks is not None
    np.testing.assert_allclose(face.landmarks.ravel(), points, atol=0.05)
    assert face.score == pytest.approx(score, abs=1e-3)
