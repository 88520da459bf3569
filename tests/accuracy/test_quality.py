"""Bounds on quality refuse what isn't recognised, and hardly anything else; docs/quality.md has figures."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from adapters.imaging.alignment import SimilarityAligner
from adapters.imaging.decoder import PillowDecoder
from adapters.imaging.quality import LandmarkQualityAssessor
from adapters.onnx.detectors.yunet.detector import YuNetDetector
from adapters.onnx.detectors.yunet.network import YuNetNetwork
from adapters.onnx.recognisers.sface import SFaceEmbedder
from application.analysis.embedding import embed_crops
from application.evaluation.datasets.photos import central_face
from domain.faces import Box, DetectedFace, Embedding, Image, ScaledImage
from domain.quality import LENIENT, STRICT, Measure, QualityReport

MISSING = DetectedFace(Box(75, 65, 90, 120), 0.0)
"""Where the face is in a photo of lfw, for the few that damage hides from the detector."""
THRESHOLD = 0.36
"""Cosine similarity at a false match rate of 1e-3."""

Assessed = tuple[Embedding, QualityReport]
Assess = Callable[[Image], Assessed]
Damage = Callable[[Image], Image]


@pytest.fixture(scope="module")
def assess(yunet_network: YuNetNetwork, sface: SFaceEmbedder) -> Assess:
    detector, aligner, assessor = YuNetDetector(yunet_network), SimilarityAligner(), LandmarkQualityAssessor()

    def assess(image: Image) -> Assessed:
        found = detector.detect(image)
        face = central_face(found, image) if found else MISSING
        crop = aligner.align(image, face)
        (embedding,), (norm,) = embed_crops(sface, [crop])
        return embedding, assessor.assess(ScaledImage(image), face, crop, float(norm))

    return assess


@pytest.fixture(scope="module")
def photos(lfw: Path) -> list[tuple[Image, Image]]:
    """Two photos of each of 80 people."""
    decoder = PillowDecoder(1_000_000)
    people = [sorted(folder.iterdir()) for folder in sorted((lfw / "images").iterdir())]
    people = [files for files in people if len(files) > 1][::9][:80]
    return [
        (decoder.decode(first.read_bytes()), decoder.decode(second.read_bytes()))
        for first, second, *_ in people
    ]


def shrunk(image: Image) -> Image:
    """Faces of lfw have 44 pixels between the eyes; now it is 5."""
    return np.asarray(cv2.resize(image, None, fx=5 / 44, fy=5 / 44, interpolation=cv2.INTER_AREA), np.uint8)


def blurred(image: Image) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 10), dtype=np.uint8)


def overexposed(image: Image) -> Image:
    return np.asarray(np.clip(image.astype(np.float32) * 5, 0, 255), dtype=np.uint8)


@pytest.fixture(scope="module")
def assessed(assess: Assess, photos: list[tuple[Image, Image]]) -> list[tuple[Assessed, Assessed]]:
    """Both photos as they are."""
    return [(assess(first), assess(second)) for first, second in photos]


def test_ordinary_photos_pass(assessed: list[tuple[Assessed, Assessed]]) -> None:
    reports = [report for pair in assessed for _, report in pair]
    assert sum(bool(report.reasons(LENIENT)) for report in reports) / len(reports) < 0.02
    assert sum(bool(report.reasons(STRICT)) for report in reports) / len(reports) < 0.05


@pytest.mark.parametrize(
    ("damage", "measure"),
    [
        (shrunk, Measure.INTER_EYE_DISTANCE),
        (blurred, Measure.SHARPNESS),
        (overexposed, Measure.OVER_EXPOSURE),
    ],
)
def test_damage_costs_recognition_and_the_bound_sees_it(
    assess: Assess,
    photos: list[tuple[Image, Image]],
    assessed: list[tuple[Assessed, Assessed]],
    damage: Damage,
    measure: Measure,
) -> None:
    results = [
        (enrolled, *assess(damage(second)))
        for (_, second), ((enrolled, _), _) in zip(photos, assessed, strict=True)
    ]
    missed = [gallery.similarity(probe) < THRESHOLD for gallery, probe, _ in results]
    seen = [any(why.measure is measure for why in report.reasons(LENIENT)) for *_, report in results]
    assert np.mean(missed) > 0.08
    assert np.mean(seen) > 0.8


def test_the_combined_quality_falls_with_size(assess: Assess, portrait: Image) -> None:
    sizes = [1.0, 0.4, 0.25, 0.15]
    scores = [
        assess(np.asarray(cv2.resize(portrait, None, fx=size, fy=size), dtype=np.uint8))[1].score
        for size in sizes
    ]
    assert all(larger > smaller for larger, smaller in pairwise(scores))
