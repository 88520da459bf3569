"""Photos of 12 megapixels, as telephones take them, give what their whole pixels give."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from dependency_injector import providers
from PIL import Image as Pillow

from application.analysis.analyser import AnalysedFace, FaceAnalyser
from application.analysis.detection import locate_faces
from application.analysis.options import PhotoOptions
from domain.faces import DetectedFace, Image, largest
from domain.models import ModelChoice
from domain.quality import Measure
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings

MODELS = ModelChoice("yunet", "sface")


@pytest.fixture(scope="module")
def pipeline(data_directory: Path) -> Iterator[FaceAnalyser]:
    container = Container(settings=providers.Object(Settings(data_dir=data_directory)))
    analyser: FaceAnalyser = container.analyser()
    yield analyser
    container.workers().close()


@pytest.fixture(scope="module")
def surroundings() -> Image:
    """4000 x 3000 pixels of soft colours and the noise of a sensor."""
    random = np.random.default_rng(0)
    soft = cv2.resize(
        random.integers(60, 190, (30, 40, 3), np.uint8), (4000, 3000), interpolation=cv2.INTER_CUBIC
    )
    noisy = soft.astype(np.int16) + random.integers(-6, 7, soft.shape)
    return np.asarray(np.clip(noisy, 0, 255), dtype=np.uint8)


def placed(image: Image, surroundings: Image, times: float, x: int, y: int) -> bytes:
    """A JPEG file of the surroundings with the image, enlarged, in it."""
    enlarged = cv2.resize(image, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    scene = surroundings.copy()
    scene[y : y + enlarged.shape[0], x : x + enlarged.shape[1]] = enlarged
    file = BytesIO()
    Pillow.fromarray(scene[..., ::-1]).save(file, "JPEG", quality=92)
    return file.getvalue()


def whole(pipeline: FaceAnalyser, data: bytes) -> AnalysedFace:
    """What all pixels of the file give."""
    located = locate_faces(data, pipeline.decoder, pipeline.models.detector("yunet"), largest_of, whole=True)
    (face,) = pipeline.embed(located.image, located.faces, MODELS)
    return face


def largest_of(faces: Sequence[DetectedFace], image: Image) -> list[DetectedFace]:
    return [largest(faces, image)]


@pytest.mark.parametrize(
    ("times", "x", "y", "similarity"),
    [(5.5, 900, 100, 0.985), (2.5, 2300, 1500, 0.985), (1.0, 1700, 900, 0.97)],
)
def test_the_answer_is_that_of_all_pixels(
    pipeline: FaceAnalyser,
    surroundings: Image,
    portrait: Image,
    times: float,
    x: int,
    y: int,
    similarity: float,
) -> None:
    """A face of 640, of 290 and of 117 pixels; only the first is large enough in a quarter of each side."""
    data = placed(portrait, surroundings, times, x, y)
    (face,) = pipeline.analyse(data, MODELS, PhotoOptions())
    expected = whole(pipeline, data)
    assert face.embedding.similarity(expected.embedding) > similarity
    assert face.detected is not None
    assert expected.detected is not None
    near = max(0.05 * expected.detected.box.height, 4000 / 640)  # a pixel of what the detector sees
    for length in ("x", "y", "width", "height"):
        assert getattr(face.detected.box, length) == pytest.approx(
            getattr(expected.detected.box, length), abs=near
        )
    assert face.quality is not None
    assert expected.quality is not None
    one, other = (report.values for report in (face.quality, expected.quality))
    assert one[Measure.INTER_EYE_DISTANCE] == pytest.approx(other[Measure.INTER_EYE_DISTANCE], rel=0.1)
    assert one[Measure.SHARPNESS] == pytest.approx(other[Measure.SHARPNESS], rel=0.2)
    assert one[Measure.INSIDE] == 1


def test_all_faces_of_a_group_are_found(pipeline: FaceAnalyser, assets: Path) -> None:
    """A group photo enlarged to 12 megapixels has as many faces as all of its pixels show."""
    image = pipeline.decoder.decode((assets / "faces" / "groups" / "selfie-many-people.jpg").read_bytes())
    scale = 4000 / max(image.shape[:2])
    file = BytesIO()
    Pillow.fromarray(
        cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)[..., ::-1]
    ).save(file, "JPEG", quality=92)
    found = pipeline.detect(file.getvalue(), "yunet")
    expected = pipeline.models.detector("yunet").detect(pipeline.decoder.decode(file.getvalue()))
    assert len(found) == len(expected) == 6
    for face in found:
        assert any(
            abs(face.box.x - other.box.x) + abs(face.box.y - other.box.y) < 0.2 * other.box.width
            for other in expected
        )
