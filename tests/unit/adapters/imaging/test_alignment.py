"""The similarity transform and the warp."""

import cv2
import numpy as np
import pytest

from adapters.imaging.alignment import SIDE, TEMPLATE, SimilarityAligner, from_landmarks
from domain.faces import Box, DetectedFace, Image, Landmarks

ALIGNER = SimilarityAligner()
BOX = Box(10, 10, 100, 100)


def placed(scale: float, degrees: float, shift: tuple[float, float]) -> tuple[np.ndarray, Landmarks]:
    """A similarity (2 x 3) from the crop into an image, and the landmarks it makes of the template."""
    angle = np.deg2rad(degrees)
    a, b = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[a, -b, shift[0]], [b, a, shift[1]]])
    return matrix, (TEMPLATE @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def smooth_picture() -> Image:
    """112 x 112 x 3, with no detail finer than some ten pixels."""
    noise = np.random.default_rng(0).integers(0, 256, (10, 10, 3), np.uint8)
    return np.asarray(cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


@pytest.mark.parametrize("scale", [0.3, 1.0, 7.5])
@pytest.mark.parametrize("degrees", [0, 37, -120, 180])
def test_a_similarity_is_recovered(scale: float, degrees: float) -> None:
    matrix, landmarks = placed(scale, degrees, (40, -7))
    found = from_landmarks(landmarks)
    assert found is not None
    both = np.vstack([found.matrix(), [0, 0, 1]]) @ np.vstack([matrix, [0, 0, 1]])
    np.testing.assert_allclose(both, np.eye(3), atol=1e-4)


def test_least_squares_agrees_with_a_general_solver() -> None:
    landmarks = (TEMPLATE * 2 + np.random.default_rng(1).normal(0, 5, (5, 2))).astype(np.float32)
    rows = [row for x, y in landmarks.tolist() for row in ([x, -y, 1, 0], [y, x, 0, 1])]
    a, b, x, y = np.linalg.lstsq(np.array(rows), TEMPLATE.ravel().astype(float))[0]
    found = from_landmarks(landmarks)
    assert found is not None
    np.testing.assert_allclose(found.matrix(), [[a, -b, x], [b, a, y]], rtol=1e-6)


def test_a_face_at_the_template_is_left_as_it_is() -> None:
    picture = smooth_picture()
    crop = ALIGNER.align(picture, DetectedFace(BOX, 1.0, TEMPLATE))
    assert np.abs(crop.astype(int) - picture).max() <= 1


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.9, 3.3, 12.0])
@pytest.mark.parametrize("degrees", [0, 25, -90])
def test_turned_and_scaled_faces_come_out_alike(scale: float, degrees: float) -> None:
    picture = smooth_picture()
    side = int(SIDE * scale * 1.6)
    centre = np.array([SIDE / 2, SIDE / 2])
    turned, _ = placed(scale, degrees, (0, 0))
    shift = side / 2 - turned[:, :2] @ centre
    matrix, landmarks = placed(scale, degrees, (shift[0], shift[1]))
    image = np.asarray(cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_CUBIC), dtype=np.uint8)
    crop = ALIGNER.align(image, DetectedFace(BOX, 1.0, landmarks))
    inner = slice(4, -4)
    assert np.abs(crop.astype(int) - picture)[inner, inner].mean() < 2


def test_fine_detail_of_a_large_face_is_averaged() -> None:
    checks = np.indices((SIDE * 8, SIDE * 8)).sum(axis=0) % 2 * 255
    image = np.repeat(checks[..., None], 3, axis=2).astype(np.uint8)
    crop = ALIGNER.align(image, DetectedFace(BOX, 1.0, TEMPLATE * 8))
    assert np.abs(crop[2:-2, 2:-2].astype(int) - 127).max() <= 2


@pytest.mark.parametrize("shift", [(-5000, 0), (0, 4000), (1e7, 1e7)])
def test_a_face_outside_of_the_image_is_black(shift: tuple[float, float]) -> None:
    _, landmarks = placed(1, 0, shift)
    crop = ALIGNER.align(smooth_picture(), DetectedFace(BOX, 1.0, landmarks))
    assert crop.shape == (SIDE, SIDE, 3)
    assert not crop.any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 50_000), (40_000, 3)])
def test_images_of_any_shape(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 200, np.uint8)
    assert ALIGNER.align(image, DetectedFace(BOX, 1.0, TEMPLATE)).shape == (SIDE, SIDE, 3)


@pytest.mark.parametrize(
    "landmarks", [None, np.full((5, 2), 7, np.float32)], ids=["none", "all in one place"]
)
def test_without_landmarks_the_box_says_where(landmarks: Landmarks | None) -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    image[100:324, 150:374] = 255
    crop = ALIGNER.align(image, DetectedFace(Box(150, 100, 224, 224), 1.0, landmarks))
    assert crop[2:-2, 2:-2].min() > 250
