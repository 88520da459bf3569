"""Estimates of faces that are only glimpsed: when they are taken, and what decides when they don't do."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.ports.liveness import SpoofDetector
from application.recognition import EmbedFaces, RecognitionOptions
from domain.errors import NoMatch
from domain.faces import Box, Crop, DetectedFace, Image, ScaledImage, largest
from domain.liveness.detection import LivenessPolicy
from domain.quality import LowQuality, Measure, QualityBounds, QualityReport
from tests.unit.application.in_memory_service import InMemoryService
from tests.unit.application.test_estimates import GREY, Estimating
from tests.unit.fakes import BLUE, GREEN, RED, ColourModels, NoAssessor, analyser, photo
from tests.unit.vision import ColourDetector, ColourEmbedder

SURE = RecognitionOptions(threshold=0.8)


@dataclass(frozen=True, slots=True)
class Glimpsing(ColourDetector):
    """Notes how it is asked. What it glimpses is two pixels smaller than what it detects."""

    asked: list[str] = field(default_factory=list)

    def detect(
        self, image: Image, *, largest_only: bool = False, min_face: float | None = None
    ) -> list[DetectedFace]:
        self.asked.append("detect")
        return ColourDetector.detect(self, image)

    def glimpse(self, image: Image) -> DetectedFace | None:
        self.asked.append("glimpse")
        face = largest(ColourDetector.detect(self, image), image)
        box = Box(face.box.x + 1, face.box.y + 1, face.box.width - 2, face.box.height - 2)
        return replace(face, box=box)


@dataclass
class Assessor(NoAssessor):
    """Finds the same in every photo."""

    values: Mapping[Measure, float]

    def assess(
        self, image: ScaledImage, face: DetectedFace, crop: Crop, embedding_norm: float = 0.0
    ) -> QualityReport:
        return QualityReport(self.values)


class Alive(SpoofDetector):
    """Takes everybody for living."""

    name = "alive"
    threshold = 0.5

    def score(self, image: Image, face: DetectedFace) -> float:
        return 1.0


@pytest.fixture
def embedder() -> Estimating:
    return Estimating()


@pytest.fixture
def detector() -> Glimpsing:
    return Glimpsing()


@pytest.fixture
async def service(embedder: Estimating, detector: Glimpsing) -> InMemoryService:
    service = InMemoryService()
    models = service.reader.analyser.models
    assert isinstance(models, ColourModels)
    models.embedders["colour"] = embedder
    models.detectors["colour"] = detector
    for name, colour in (("Red", RED), ("Green", GREEN)):
        await service.enrol(name, photo(colour))
    assert detector.asked == ["detect", "detect"]
    detector.asked.clear()
    embedder.exact.clear()
    return service


def told(detector: Glimpsing, embedder: Estimating) -> tuple[list[str], list[int], list[int]]:
    return detector.asked, embedder.estimated, embedder.exact


async def test_a_clear_match_is_glimpsed(
    service: InMemoryService, detector: Glimpsing, embedder: Estimating
) -> None:
    face, decision = await service.recognize.execute(photo(RED), SURE)
    assert decision.people[0].name == "Red"
    assert (face.estimated, face.glimpsed) == (True, True)
    assert told(detector, embedder) == (["glimpse"], [1], [])


async def test_a_clear_stranger_is_glimpsed(
    service: InMemoryService, detector: Glimpsing, embedder: Estimating
) -> None:
    with pytest.raises(NoMatch):
        await service.who(photo(BLUE), RecognitionOptions(threshold=0.9))
    assert told(detector, embedder) == (["glimpse"], [1], [])


@pytest.mark.parametrize("threshold", [0.93, 0.999])
async def test_what_is_doubtful_is_analysed_anew(
    service: InMemoryService, detector: Glimpsing, embedder: Estimating, threshold: float
) -> None:
    face, decision = await service.recognize.execute(photo(RED), RecognitionOptions(threshold=threshold))
    assert decision.people[0].similarity == pytest.approx(1)
    assert (face.estimated, face.glimpsed) == (False, False)
    assert face.detected is not None
    assert face.detected.box == Box(5, 10, 60, 60)
    assert told(detector, embedder) == (["glimpse", "detect"], [1], [1])


async def test_a_photo_and_a_person(
    service: InMemoryService, detector: Glimpsing, embedder: Estimating
) -> None:
    assert (await service.verify.person(photo(RED), "Red", SURE)).match
    assert told(detector, embedder) == (["glimpse"], [1], [])
    doubtful = await service.verify.person(photo(RED), "Red", RecognitionOptions(threshold=0.999))
    assert doubtful.similarity == pytest.approx(1)
    assert told(detector, embedder) == (["glimpse", "glimpse", "detect"], [1, 1], [1])


async def test_an_unclear_face_is_looked_at_closely(
    service: InMemoryService, detector: Glimpsing, embedder: Estimating
) -> None:
    with pytest.raises(NoMatch):
        await service.who(photo(GREY), SURE)
    assert detector.asked == ["glimpse", "detect"]
    assert embedder.exact == [1]


@pytest.mark.parametrize(
    ("asked", "measure", "value", "looks"),
    [
        (Measure.SHARPNESS, Measure.SHARPNESS, 2.1, ["glimpse"]),
        (Measure.SHARPNESS, Measure.SHARPNESS, 1.9, ["glimpse", "detect"]),
        (Measure.OVER_EXPOSURE, Measure.OVER_EXPOSURE, 0.4, ["glimpse"]),
        (Measure.OVER_EXPOSURE, Measure.OVER_EXPOSURE, 0.6, ["glimpse", "detect"]),
        (Measure.SHARPNESS, Measure.OVER_EXPOSURE, 0.9, ["glimpse"]),
    ],
)
async def test_quality_near_a_bound_is_looked_at_closely(
    service: InMemoryService,
    detector: Glimpsing,
    asked: Measure,
    measure: Measure,
    value: float,
    looks: list[str],
) -> None:
    with_quality = replace(service.reader.analyser, assessor=Assessor({measure: value}))
    models = with_quality.models.choose(None, None)
    bounds = QualityBounds({asked: 1})
    with_quality.analyse(photo(RED).data, models, PhotoOptions(), bounds, estimate=True)
    assert detector.asked == looks


async def test_what_is_refused_is_refused_after_a_close_look(
    service: InMemoryService, detector: Glimpsing
) -> None:
    bad = replace(service.reader.analyser, assessor=Assessor({Measure.SHARPNESS: 0.9}))
    bounds = QualityBounds({Measure.SHARPNESS: 1})
    with pytest.raises(LowQuality):
        bad.analyse(photo(RED).data, bad.models.choose(None, None), PhotoOptions(), bounds, estimate=True)
    assert detector.asked == ["glimpse", "detect"]


@pytest.mark.parametrize("selection", [FaceSelection.ALL, FaceSelection.SINGLE])
async def test_only_the_largest_face_is_glimpsed(
    service: InMemoryService, detector: Glimpsing, selection: FaceSelection
) -> None:
    await service.identify.execute(photo(RED, BLUE, sizes=(60, 20)), replace(SURE, selection=selection))
    assert detector.asked == ["detect"]


async def test_whatever_is_kept_or_given_away_is_looked_at_closely(
    service: InMemoryService, detector: Glimpsing
) -> None:
    await service.enrol("Red", photo(RED))
    await service.verify.two(photo(RED), photo(RED), RecognitionOptions())
    await EmbedFaces(service.reader).execute(photo(RED), PhotoOptions())
    await service.identify.execute(photo(RED), SURE, estimate=False)
    assert detector.asked == ["detect"] * 5


async def test_quality_that_is_told_is_that_of_a_close_look(
    service: InMemoryService, detector: Glimpsing, embedder: Estimating
) -> None:
    face, _ = await service.recognize.execute(photo(RED), replace(SURE, quality=True))
    assert (face.estimated, face.glimpsed) == (True, False)
    assert told(detector, embedder) == (["detect"], [1], [])


async def test_without_estimates_nothing_is_glimpsed(service: InMemoryService, detector: Glimpsing) -> None:
    models = service.reader.analyser.models
    assert isinstance(models, ColourModels)
    models.embedders["colour"] = ColourEmbedder()
    await service.recognize.execute(photo(RED), SURE)
    assert detector.asked == ["detect"]


def test_faces_that_are_examined_are_looked_at_closely(detector: Glimpsing, embedder: Estimating) -> None:
    examining = analyser(LivenessPolicy.OBSERVE, Alive)
    assert isinstance(examining.models, ColourModels)
    examining.models.embedders["colour"] = embedder
    examining.models.detectors["colour"] = detector
    choice = examining.models.choose(None, None)
    (face,) = examining.analyse(photo(RED).data, choice, PhotoOptions(), estimate=True)
    assert (face.estimated, face.glimpsed, detector.asked) == (True, False, ["detect"])
