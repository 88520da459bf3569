"""Landmarks that a second detector finds for the faces of one that finds none."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from adapters.imaging.alignment import SimilarityAligner, from_box, warp
from adapters.onnx.detectors.landmarks import LandmarkedDetector
from adapters.onnx.detectors.yunet.detector import YuNetDetector
from adapters.onnx.detectors.yunet.network import YuNetNetwork
from application.ports.analysis import FaceDetector, FirstPass
from domain.faces import Box, DetectedFace, Image, Landmarks

IMAGE = np.zeros((400, 600, 3), np.uint8)
BOX = Box(200, 100, 80, 100)
POINTS = np.array([[60, 80], [180, 80], [120, 130], [70, 200], [170, 200]], np.float32)


@dataclass
class Fake:
    """Finds the same faces in every picture."""

    faces: list[DetectedFace]
    name: str = "fake"
    seen: list[tuple[int, ...]] = field(default_factory=list)
    asked_for_largest: bool = False

    def detect_first(self, image: Image, *, largest_only: bool = False) -> FirstPass:
        return FaceDetector.detect_first(self, image, largest_only=largest_only)

    def detect_coarsely(self, image: Image) -> DetectedFace | None:
        return None

    def detect(
        self, image: Image, *, largest_only: bool = False, min_face: float | None = None
    ) -> list[DetectedFace]:
        self.seen.append(image.shape)
        self.asked_for_largest = largest_only
        return self.faces


def boxed(box: Box) -> Fake:
    return Fake([DetectedFace(box, 0.8)], "boxes")


def in_square(box: Box = BOX, points: Landmarks | None = POINTS) -> Fake:
    """Detects a face, given in pixels of IMAGE, in the square of 130 pixels around BOX, enlarged to 320."""
    times = 320 / 130
    seen = Box((box.x - 175) * times, (box.y - 85) * times, box.width * times, box.height * times)
    return Fake([DetectedFace(seen, 0.9, points)])


def only(faces: list[DetectedFace]) -> DetectedFace:
    (face,) = faces
    return face


def test_landmarks_are_in_pixels_of_the_image() -> None:
    face = only(LandmarkedDetector(boxed(BOX), in_square()).detect(IMAGE))
    assert face.landmarks is not None
    np.testing.assert_allclose(face.landmarks, POINTS * 130 / 320 + (175, 85), atol=1e-3)


def test_box_score_and_name_stay_the_first_detectors() -> None:
    detector = LandmarkedDetector(boxed(BOX), in_square())
    face = only(detector.detect(IMAGE))
    assert (face.box, face.score, detector.name) == (BOX, 0.8, "boxes")


def test_the_second_detector_gets_the_face_at_the_same_size_whatever_its_own() -> None:
    second = Fake([])
    for size in (20, 80, 300):
        LandmarkedDetector(boxed(Box(300 - size / 2, 200 - size / 2, size, size)), second).detect(IMAGE)
    assert [max(shape) for shape in second.seen] == pytest.approx([320] * 3, abs=3)


def test_the_face_of_another_is_not_taken() -> None:
    beside = in_square(Box(270, 100, 80, 100))
    assert only(LandmarkedDetector(boxed(BOX), beside).detect(IMAGE)).landmarks is None


def test_the_face_in_the_box_is_taken_among_several() -> None:
    both = Fake([*in_square(Box(250, 100, 80, 100), POINTS + 50).faces, *in_square().faces])
    face = only(LandmarkedDetector(boxed(BOX), both).detect(IMAGE))
    assert face.landmarks is not None
    np.testing.assert_allclose(face.landmarks[0], POINTS[0] * 130 / 320 + (175, 85), atol=1e-3)


def test_landmarks_that_are_there_stay() -> None:
    known = Fake([DetectedFace(BOX, 0.8, POINTS)])
    assert only(LandmarkedDetector(known, in_square(points=POINTS + 50)).detect(IMAGE)).landmarks is POINTS


def test_only_the_largest_face_gets_landmarks_if_that_is_enough() -> None:
    first = Fake([DetectedFace(Box(0, 0, 30, 40), 0.9), DetectedFace(BOX, 0.8)])
    second = in_square()
    face = only(LandmarkedDetector(first, second).detect(IMAGE, largest_only=True))
    assert face.box == BOX
    assert face.landmarks is not None
    assert (first.asked_for_largest, len(second.seen)) == (True, 1)


def test_a_box_outside_of_the_image_has_none() -> None:
    assert only(LandmarkedDetector(boxed(Box(900, 900, 50, 50)), in_square()).detect(IMAGE)).landmarks is None


def test_faces_without_landmarks_are_aligned_by_their_boxes(portrait: Image) -> None:
    box = Box(178, 63, 90, 114)
    face = only(LandmarkedDetector(boxed(box), Fake([])).detect(portrait))
    assert face.landmarks is None
    crop = SimilarityAligner().align(portrait, face)
    np.testing.assert_array_equal(crop, warp(portrait, from_box(box)))


def test_yunet_finds_the_landmarks_of_a_real_face(yunet_network: YuNetNetwork, portrait: Image) -> None:
    yunet = YuNetDetector(yunet_network)
    alone = only(yunet.detect(portrait))
    face = only(LandmarkedDetector(boxed(alone.box), yunet).detect(portrait))
    assert face.landmarks is not None
    assert alone.landmarks is not None
    assert np.abs(face.landmarks - alone.landmarks).max() < 5
