"""Faces that are not upright, with the real network."""

import cv2
import numpy as np
import pytest

from adapters.onnx.detectors.detections import Detections
from adapters.onnx.detectors.yunet.detector import YuNetDetector
from adapters.onnx.detectors.yunet.network import YuNetNetwork
from adapters.onnx.detectors.yunet.tilted_faces import redetect_tilted_faces
from adapters.onnx.session import Tensor
from domain.faces import Box, DetectedFace, Image, Landmarks

FACE = np.array([[200, 102], [247, 102], [220, 125], [199, 143], [240, 144]], np.float32)
"""The astronaut's landmarks, give or take."""
BOX = Box(174, 62, 94, 116)


def rotated(image: Image, degrees: float) -> tuple[Image, Landmarks]:
    """Counterclockwise about the face; and where its landmarks are then."""
    matrix = np.asarray(cv2.getRotationMatrix2D((220, 120), degrees, 1))
    turned = cv2.warpAffine(image, matrix, (512, 512), borderValue=(128, 128, 128))
    landmarks = FACE @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(turned, np.uint8), landmarks.astype(np.float32)


@pytest.mark.parametrize("largest_only", [True, False])
@pytest.mark.parametrize("degrees", [*range(-75, 90, 15), 90, 120, 150, 180, 210, 240, 270])
def test_landmarks_are_right_however_the_face_is_turned(
    yunet_network: YuNetNetwork,
    portrait: Image,
    degrees: int,
    largest_only: bool,  # noqa: FBT001
) -> None:
    image, landmarks = rotated(portrait, degrees)
    face = max(
        YuNetDetector(yunet_network).detect(image, largest_only=largest_only),
        key=lambda each: each.box.area,
    )
    assert face.landmarks is not None
    assert np.abs(face.landmarks - landmarks).max() < 20  # alignment looks once more
    middle = landmarks.mean(axis=0)
    assert abs(face.box.x + face.box.width / 2 - middle[0]) < 20
    assert abs(face.box.y + face.box.height / 2 - middle[1]) < 20


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_photo_that_lies_on_a_side_has_the_same_box(
    yunet_network: YuNetNetwork, portrait: Image, quarters: int
) -> None:
    image = np.ascontiguousarray(np.rot90(portrait, quarters))
    (face,) = YuNetDetector(yunet_network).detect(image)
    left, top = {1: (62, 244), 2: (244, 334), 3: (334, 174)}[quarters]
    width, height = (BOX.width, BOX.height) if quarters == 2 else (BOX.height, BOX.width)
    assert face.box.overlap(Box(left, top, width, height)) > 0.7


def test_upright_faces_are_not_detected_again(portrait: Image) -> None:
    class NeverRun(YuNetNetwork):
        def __init__(self) -> None:
            pass

    upright = DetectedFace(BOX, 0.93, FACE)
    assert redetect_tilted_faces(NeverRun(), portrait, [upright], 1) == [upright]


def test_an_upright_face_with_a_low_score_is_unchanged(yunet_network: YuNetNetwork, portrait: Image) -> None:
    uncertain = DetectedFace(BOX, 0.93 - 0.2, FACE)
    assert redetect_tilted_faces(yunet_network, portrait, [uncertain], 1) == [uncertain]


class Counting(YuNetNetwork):
    """Detects nothing, and counts its runs."""

    def __init__(self) -> None:
        self.runs = 0

    def infer(self, pictures: Tensor, threshold: float) -> list[Detections]:
        self.runs += 1
        nothing = np.empty((0, 4), np.float32)
        return [Detections(nothing[:, 0], nothing)] * len(pictures)


def test_in_a_crowd_only_the_largest_are_detected_again(portrait: Image) -> None:
    network = Counting()
    faces = [DetectedFace(Box(60 * n, 50, 30, 40), 0.8, FACE) for n in range(6)]
    assert redetect_tilted_faces(network, portrait, faces, 1) == faces
    assert network.runs == 4


def test_the_new_detection_must_not_be_a_neighbour(yunet_network: YuNetNetwork, portrait: Image) -> None:
    image, _ = rotated(portrait, 180)
    clear, uncertain = DetectedFace(BOX, 0.95, FACE), DetectedFace(Box(190, 70, 94, 100), 0.75, FACE)
    assert redetect_tilted_faces(yunet_network, image, [clear, uncertain], 1)[1] is uncertain
    assert redetect_tilted_faces(yunet_network, image, [uncertain], 1)[0] is not uncertain
