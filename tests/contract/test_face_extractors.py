"""Faces of photos, extracted in this process, by a model service and with networks on another server: the same."""

from pathlib import Path

import numpy as np
import pytest

from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.ports.extraction import ExtractedPhoto, ExtractionOptions
from domain.errors import InvalidImage, MultipleFaces, NoFaceDetected
from domain.models import Alignment
from tests.contract.remote_models import RemoteModels

pytestmark = pytest.mark.parametrize("models", ["served", "bare"], indirect=True)

MAX_PIXELS, MAX_DIFFERENCE = 0.5, 1e-5
OPTIONS = {
    "single": ExtractionOptions(
        detection="yunet", selection=FaceSelection.SINGLE, alignment=Alignment.REFINED
    ),
    "largest": ExtractionOptions(detection="yunet", alignment=Alignment.REFINED),
    "largest, as detected": ExtractionOptions(detection="yunet", alignment=Alignment.DETECTED),
    "examined": ExtractionOptions(detection="yunet", alignment=Alignment.REFINED, examined=True),
    "of a session": ExtractionOptions(
        detection="yunet", lone=True, alignment=Alignment.REFINED, examined=True
    ),
    "all": ExtractionOptions(
        detection="yunet", selection=FaceSelection.ALL, alignment=Alignment.REFINED, max_faces=3
    ),
    "boxes alone": ExtractionOptions(detection="yunet", selection=FaceSelection.ALL, min_face=40),
}


def compare(here: ExtractedPhoto, there: ExtractedPhoto) -> None:
    assert (there.left_out, there.height, there.width, there.reduction) == (
        here.left_out,
        here.height,
        here.width,
        here.reduction,
    )
    assert len(there.faces) == len(here.faces)
    for one, other in zip(here.faces, there.faces, strict=True):
        mine, box = one.detected.box, other.detected.box
        np.testing.assert_allclose(
            (box.x, box.y, box.width, box.height), (mine.x, mine.y, mine.width, mine.height), atol=MAX_PIXELS
        )
        assert other.detected.score == pytest.approx(one.detected.score, abs=1e-4)
        assert (one.crop is None) == (other.crop is None)
        if one.crop is not None and other.crop is not None:
            np.testing.assert_allclose(one.crop.astype(int), other.crop, atol=2)
        assert (one.landmarks is None) == (other.landmarks is None)
        if one.landmarks is not None and other.landmarks is not None:
            np.testing.assert_allclose(one.landmarks, other.landmarks, atol=MAX_PIXELS)
        assert (one.quality is None) == (other.quality is None)
        if one.quality is not None and other.quality is not None:
            assert dict(other.quality.values) == pytest.approx(dict(one.quality.values), rel=1e-3, abs=1e-3)
        assert (one.examination is None) == (other.examination is None)
        if one.examination is not None and other.examination is not None:
            assert other.examination.score == pytest.approx(one.examination.score, abs=1e-4)
            assert other.examination.reasons == one.examination.reasons


@pytest.mark.parametrize("wanted", OPTIONS)
def test_a_portrait(models: RemoteModels, astronaut: bytes, wanted: str) -> None:
    here, there = (one.extract(astronaut, OPTIONS[wanted]) for one in models.extractors)
    assert len(here.faces) == 1
    compare(here, there)


@pytest.mark.parametrize("wanted", ["largest", "all", "boxes alone", "examined", "of a session"])
def test_a_group(models: RemoteModels, assets: Path, wanted: str) -> None:
    photo = (assets / "faces" / "groups" / "selfie-many-people.jpg").read_bytes()
    here, there = (one.extract(photo, OPTIONS[wanted]) for one in models.extractors)
    compare(here, there)


def test_embeddings_are_equal(models: RemoteModels, lfw: Path) -> None:
    photos = [path.read_bytes() for path in sorted((lfw / "images").glob("*/*_0001.jpg"))[::200]]
    assert len(photos) > 5
    choice = models.library.choose(None, None)
    local, remote = models.here.analyser(), models.container.analyser()
    for photo in photos:
        one, other = (
            analyser.analyse(photo, choice, PhotoOptions())[0].embedding.vector
            for analyser in (local, remote)
        )
        np.testing.assert_allclose(one, other, atol=MAX_DIFFERENCE)


def test_refusals_are_those_of_this_process(models: RemoteModels, assets: Path, astronaut: bytes) -> None:
    group = (assets / "faces" / "groups" / "couple.jpg").read_bytes()
    for data, wanted, refusal in (
        (b"", "largest", InvalidImage),
        (astronaut[:2000], "largest", InvalidImage),
        (group, "single", MultipleFaces),
    ):
        words = set()
        for extractor in models.extractors:
            with pytest.raises(refusal) as refused:
                extractor.extract(data, OPTIONS[wanted])
            words.add(str(refused.value))
        assert len(words) == 1


def test_no_face_is_no_face(models: RemoteModels, landscape: bytes) -> None:
    for extractor in models.extractors:
        with pytest.raises(NoFaceDetected):
            extractor.extract(landscape, OPTIONS["largest"])
        assert extractor.extract(landscape, OPTIONS["of a session"]).faces == ()
