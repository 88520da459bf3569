"""Faces of a hundred pixels are found in photos of any size, whatever else is in them."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from dependency_injector import providers
from PIL import Image as Pillow

from application.analysis.analyser import FaceAnalyser
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from domain.faces import Image
from domain.models import ModelChoice
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings

FACE = 116
"""Pixels of the portrait's face, the longer side."""
Place = tuple[int, int]


@pytest.fixture(scope="module")
def pipeline(data_directory: Path) -> Iterator[FaceAnalyser]:
    container = Container(settings=providers.Object(Settings(data_dir=data_directory)))
    yield container.analyser()
    container.workers().close()


def photo(
    portrait: Image, size: Place, places: Sequence[Place], face: int, near: Place | None = None
) -> bytes:
    """A JPEG file with faces of so many pixels at these places, and one of 2,000 where somebody stands near."""
    head = np.ascontiguousarray(portrait[20:220, 120:320])
    scene = np.full((size[1], size[0], 3), (120, 110, 100), np.uint8)
    for (x, y), pixels in [*((place, face) for place in places), *([] if near is None else [(near, 2000)])]:
        side = round(200 * pixels / FACE)
        scene[y : y + side, x : x + side] = cv2.resize(head, (side, side), interpolation=cv2.INTER_AREA)
    file = BytesIO()
    Pillow.fromarray(scene[..., ::-1]).save(file, "JPEG", quality=90)
    return file.getvalue()


def test_far_faces_are_found_beside_a_near_one(pipeline: FaceAnalyser, portrait: Image) -> None:
    """Twelve faces of 100 pixels in 48 megapixels."""
    places = [(300 + 1200 * column, 400 + 800 * row) for column in range(4) for row in range(3)]
    models = ModelChoice("yunet", "sface")
    (alone,) = pipeline.analyse(photo(portrait, (640, 480), [(200, 100)], 100), models, PhotoOptions())
    data = photo(portrait, (8256, 5998), places, 100, near=(4800, 2500))
    found = pipeline.analyse(data, models, PhotoOptions(selection=FaceSelection.ALL))
    assert len(found) == 13
    assert all(face.embedding.similarity(alone.embedding) > 0.8 for face in found)


def test_every_face_of_a_panorama_is_found(pipeline: FaceAnalyser, portrait: Image) -> None:
    """Nine faces of 100 pixels along 12,000."""
    data = photo(portrait, (12_000, 1500), [(500 + 1250 * n, 100 + 125 * n) for n in range(9)], 100)
    assert len(pipeline.detect(data, "yunet")) == 9


@pytest.mark.parametrize(("min_face", "found"), [(200, 1), (36, 7)])
def test_a_request_says_how_small_a_face_may_be(
    pipeline: FaceAnalyser, portrait: Image, min_face: int, found: int
) -> None:
    """Six faces of 36 pixels, which have 6 in the picture for faces of 200, and a near one."""
    places = [(x, 400 + 800 * row) for x in (300, 4600) for row in range(3)]
    data = photo(portrait, (5000, 4100), places, 36, near=(800, 600))
    assert len(pipeline.detect(data, "yunet", min_face)) == found
