"""What every detector does, on real pictures."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from adapters.imaging.decoder import PillowDecoder
from application.ports.analysis import FaceDetector
from domain.faces import Box, DetectedFace, Image
from tests.contract.model_files import REAL_DETECTORS, ModelFolder
from tests.contract.remote_models import BARE, REMOTE, RemoteModels

FACE = Box(174, 62, 94, 116)
"""The astronaut's, give or take."""
TURNS = 2
"""For which threads have something to do at the same time."""


REMOTE_DETECTORS = ["remote yunet", "remote scrfd_500m_bnkps", "bare yunet", "bare scrfd_500m_bnkps"]


@pytest.fixture(scope="module", params=[*REAL_DETECTORS, *REMOTE_DETECTORS])
def detector(request: pytest.FixtureRequest, model_files: ModelFolder) -> FaceDetector:
    """Each family of detectors of which there is a real file: here, in a model service, on another server."""
    name: str = request.param
    if name.startswith(REMOTE):
        served: RemoteModels = request.getfixturevalue("served_by_one_engine")
        return served.detector(name.removeprefix(REMOTE))
    if name.startswith(BARE):
        bare: RemoteModels = request.getfixturevalue("bare")
        return bare.detector(name.removeprefix(BARE))
    return model_files.detector(name)


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    shared = max(width, 0) * max(height, 0)
    return shared / (one.area + other.area - shared)


def scaled(box: Box, times: float) -> Box:
    return Box(box.x * times, box.y * times, box.width * times, box.height * times)


def resized(image: Image, times: float) -> Image:
    method = cv2.INTER_AREA if times < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, None, fx=times, fy=times, interpolation=method), dtype=np.uint8)


def test_a_face_is_found_where_it_is(detector: FaceDetector, portrait: Image) -> None:
    (face,) = detector.detect(portrait)
    assert overlap(face.box, FACE) > 0.7
    assert 0.5 < face.score <= 1


def test_landmarks_are_where_they_belong(detector: FaceDetector, portrait: Image) -> None:
    (face,) = detector.detect(portrait)
    assert face.landmarks is not None
    assert face.landmarks.shape == (5, 2)
    expected = [[200, 102], [247, 102], [220, 125], [199, 143], [240, 144]]
    assert np.abs(face.landmarks - expected).max() < 6


@pytest.mark.parametrize("times", [0.5, 2, 6])
def test_the_largest_face_is_where_it_is_if_it_alone_is_asked_for(
    detector: FaceDetector, portrait: Image, times: float
) -> None:
    (face,) = detector.detect(resized(portrait, times), largest_only=True)
    assert overlap(face.box, scaled(FACE, times)) > 0.7
    assert face.landmarks is not None


@pytest.mark.parametrize("times", [0.25, 0.5, 2, 6])
def test_faces_from_small_to_large(detector: FaceDetector, portrait: Image, times: float) -> None:
    (face,) = detector.detect(resized(portrait, times))
    assert overlap(face.box, scaled(FACE, times)) > 0.6


@pytest.mark.parametrize("side", [48, 112, 600, 3000])
def test_a_face_that_fills_the_image(detector: FaceDetector, portrait: Image, side: int) -> None:
    crop = portrait[62:178, 162:278]
    (face,) = detector.detect(resized(np.ascontiguousarray(crop), side / crop.shape[0]))
    assert face.box.area > 0.4 * side**2


@pytest.mark.parametrize(
    ("detector", "times"),
    [("yunet", 0.5), ("ultralight", 0.8), ("scrfd", 1.2)],
    indirect=["detector"],
)
def test_a_small_face_in_a_large_image(detector: FaceDetector, portrait: Image, times: float) -> None:
    """One that is 47, 75 or 113 pixels wide. Only YuNet's network sees pictures of more than 640 pixels."""
    image = np.full((3000, 4000, 3), 128, np.uint8)
    small = resized(portrait, times)
    image[1800 : 1800 + small.shape[0], 3300 : 3300 + small.shape[1]] = small
    (face,) = detector.detect(image)
    box = scaled(FACE, times)
    assert overlap(face.box, Box(box.x + 3300, box.y + 1800, box.width, box.height)) > 0.5


@pytest.mark.parametrize("beside", [None, 4.5])
def test_no_face_is_too_small_beside_others(
    detector: FaceDetector, portrait: Image, beside: float | None
) -> None:
    """Six of 70 pixels in 12 megapixels, alone and beside one of 520."""
    image = np.full((3000, 4000, 3), 128, np.uint8)
    small = resized(portrait, 0.6)
    places = [(x, y) for x in (2500, 3600) for y in (100, 1333, 2650)]
    for x, y in places:
        image[y : y + small.shape[0], x : x + small.shape[1]] = small
    expected = [
        Box(x + 0.6 * FACE.x, y + 0.6 * FACE.y, 0.6 * FACE.width, 0.6 * FACE.height) for x, y in places
    ]
    if beside is not None:
        large = resized(portrait, beside)
        image[: large.shape[0], : large.shape[1]] = large
        expected.append(scaled(FACE, beside))
    found = detector.detect(image, min_face=70)
    assert all(any(overlap(face.box, box) > 0.5 for face in found) for box in expected)
    assert len(found) == len(expected)
    assert [face.score for face in found] == sorted((face.score for face in found), reverse=True)
    assert all(face.landmarks is not None for face in found)


def test_a_face_that_fills_the_image_is_found_beside_a_small_one(
    detector: FaceDetector, portrait: Image
) -> None:
    image = resized(np.ascontiguousarray(portrait[62:178, 162:278]), 1200 / 116)
    small = resized(portrait, 0.5)
    wide = np.full((1200, 1500, 3), 128, np.uint8)
    wide[:, :1200] = image
    wide[600 : 600 + small.shape[0], 1230 : 1230 + small.shape[1]] = small
    found = detector.detect(wide, min_face=50)
    assert len(found) == 2
    assert max(face.box.area for face in found) > 0.4 * 1200**2


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (20, 5000), (5000, 20), (31, 33), (2000, 3000)])
def test_nothing_in_a_blank_image_of_any_shape(detector: FaceDetector, shape: tuple[int, int]) -> None:
    assert detector.detect(np.full((*shape, 3), 127, np.uint8)) == []


def test_nothing_in_noise(detector: FaceDetector) -> None:
    assert detector.detect(np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)) == []


def test_several_faces_best_score_first(detector: FaceDetector, portrait: Image) -> None:
    image = np.zeros((600, 1000, 3), np.uint8)
    image[:512, :512] = portrait
    image[200:456, 700:956] = resized(portrait, 0.5)
    faces = detector.detect(image)
    assert len(faces) == 2
    assert faces[0].score >= faces[1].score


def test_the_image_is_left_alone_and_may_be_read_only(detector: FaceDetector, portrait: Image) -> None:
    image = portrait.copy()
    image.flags.writeable = False
    detector.detect(image)
    np.testing.assert_array_equal(image, portrait)


def test_views_of_larger_arrays(detector: FaceDetector, portrait: Image) -> None:
    found = detector.detect(portrait[10:400, 100:400])
    copied = detector.detect(np.ascontiguousarray(portrait[10:400, 100:400]))
    assert [face.box for face in found] == [face.box for face in copied]


def test_threads_do_not_disturb_each_other(detector: FaceDetector, portrait: Image) -> None:
    images = [resized(portrait, times) for times in (0.25, 0.5, 0.75, 1, 1.5, 2)]
    alone = [boxes(detector.detect(image)) for image in images]
    with ThreadPoolExecutor(8) as pool:
        together = [boxes(faces) for faces in pool.map(detector.detect, images * TURNS)]
    assert together == alone * TURNS


def boxes(faces: list[DetectedFace]) -> list[Box]:
    return [face.box for face in faces]


@pytest.mark.parametrize(("file", "people"), [("couple.jpg", 2), ("selfie-many-people.jpg", 6)])
def test_real_groups(detector: FaceDetector, assets: Path, file: str, people: int) -> None:
    """Of the selfie's seven people the border cuts one in half, whom YuNet alone finds."""
    image = PillowDecoder(50_000_000).decode((assets / "faces" / "groups" / file).read_bytes())
    found = detector.detect(image)
    whole = [face for face in found if face.box.inside(image) > 0.75]
    assert (len(whole), len(found)) == (people, people + (detector.name == "yunet" and people > 2))


def test_real_portraits(detector: FaceDetector, lfw: Path) -> None:
    photos = sorted((lfw / "images").glob("*/*_0001.jpg"))[::100]
    decoder = PillowDecoder(1_000_000)
    assert all(detector.detect(decoder.decode(photo.read_bytes())) for photo in photos)
