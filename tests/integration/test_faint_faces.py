"""Small faces are found wherever they are, although only parts of a photo are looked at closely."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from dependency_injector import providers
from PIL import Image as Pillow

from adapters.onnx.detectors.suspects import Gate
from application.analysis.analyser import FaceAnalyser
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from domain.errors import NoFaceDetected
from domain.faces import Image
from domain.models import ModelChoice
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings

MODELS = ModelChoice("yunet", "sface")


@pytest.fixture(scope="module")
def pipeline(data_directory: Path) -> Iterator[FaceAnalyser]:
    container = Container(settings=providers.Object(Settings(data_dir=data_directory)))
    yield container.analyser()
    container.workers().close()


@pytest.fixture(scope="module")
def heads(pipeline: FaceAnalyser, lfw: Path) -> list[tuple[Image, float]]:
    """32 faces with their surroundings, and how large they are."""
    found = []
    for path in sorted((lfw / "images").glob("*/*_0001.jpg"))[::60][:32]:
        image = pipeline.decoder.decode(path.read_bytes())
        box = pipeline.models.detector("yunet").detect(image)[0].box
        left, top = max(0, int(box.x - box.longer / 3)), max(0, int(box.y - box.longer / 3))
        head = image[top : int(box.y + 1.4 * box.height), left : int(box.x + 1.4 * box.width)]
        found.append((head, box.longer))
    return found


def scene(heads: list[tuple[Image, float]], sizes: tuple[int, ...], side: int) -> bytes:
    """A JPEG file of side x 3/4 side before a blurred ground, with these faces in rows of eight."""
    ground = np.random.default_rng(1).integers(80, 140, (12, 16, 3), dtype=np.uint8)
    photo = np.asarray(cv2.resize(ground, (side, side * 3 // 4), interpolation=cv2.INTER_CUBIC), np.uint8)
    for n, (head, longer) in enumerate(heads):
        scale = sizes[n % len(sizes)] / longer
        small = cv2.resize(head, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        left, top = side * (2 * (n % 8) + 1) // 17, side * (2 * (n // 8) + 1) // 12
        photo[top : top + small.shape[0], left : left + small.shape[1]] = small
    file = BytesIO()
    Pillow.fromarray(photo[..., ::-1]).save(file, "JPEG", quality=92)
    return file.getvalue()


def ungated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gate, "regions", lambda *_: None)


@pytest.mark.parametrize(("side", "size"), [(1280, 32), (900, 32), (4000, 80)])
def test_no_face_is_lost_by_looking_only_where_one_is_suspected(
    pipeline: FaceAnalyser,
    heads: list[tuple[Image, float]],
    side: int,
    size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photos = [scene([head], (size,), side) for head in heads[::4]]
    suspected = [len(pipeline.detect(data, "yunet")) for data in photos]
    monkeypatch.setattr(Gate, "regions", lambda *_: None)
    everywhere = [len(pipeline.detect(data, "yunet")) for data in photos]
    assert all(few >= many for few, many in zip(suspected, everywhere, strict=True))
    assert sum(suspected) >= len(photos) - 2


@pytest.mark.parametrize("selection", [FaceSelection.LARGEST, FaceSelection.SINGLE])
@pytest.mark.parametrize("size", [36, 50])
def test_a_lonely_small_face_is_found(
    pipeline: FaceAnalyser, heads: list[tuple[Image, float]], size: int, selection: FaceSelection
) -> None:
    for head in heads[::8]:
        (face,) = pipeline.analyse(scene([head], (size,), 1280), MODELS, PhotoOptions(selection=selection))
        assert face.detected is not None
        assert face.detected.box.longer == pytest.approx(size, rel=0.35)


@pytest.mark.parametrize("selection", [FaceSelection.LARGEST, FaceSelection.SINGLE])
@pytest.mark.parametrize("side", [250, 1280, 4000])
def test_where_there_is_none_none_is_found(
    pipeline: FaceAnalyser, side: int, selection: FaceSelection
) -> None:
    with pytest.raises(NoFaceDetected):
        pipeline.analyse(scene([], (), side), MODELS, PhotoOptions(selection=selection))
