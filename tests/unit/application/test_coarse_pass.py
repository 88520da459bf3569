"""Estimates of faces that are only detected coarsely: when they are taken, and what decides when they don't do."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from application.analysis.embedding import Fidelity
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.ports.liveness import SpoofDetector
from application.recognition import EmbedFaces, RecognitionOptions
from domain.errors import NoMatch
from domain.faces import Box, Crop, DetectedFace, Image, ScaledImage, largest
from domain.liveness.detection import LivenessPolicy
from domain.quality import LowQuality, Measure, QualityBounds, QualityReport
from tests.unit.application.in_memory_service import InMemoryService
from tests.unit.application.test_estimates import GREY, NEAR, Estimating
from tests.unit.fakes import BLUE, GREEN, RED, ColourModels, NoAssessor, analyser, photo
from tests.unit.vision import ColourDetector, ColourEmbedder

SURE = RecognitionOptions(threshold=0.8)


@dataclass(frozen=True, slots=True)
class CoarselyDetecting(ColourDetector):
    """Notes how it is asked. What it detects coarsely is two pixels smaller than what it detects."""

    asked: list[str] = field(default_factory=list)

    def detect(
        self, image: Image, *, largest_only: bool = False, min_face: float | None = None
    ) -> list[DetectedFace]:
        self.asked.append("detect")
        return ColourDetector.detect(self, image)

    def detect_coarsely(self, image: Image) -> DetectedFace | None:
        self.asked.append("coarsely")
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
def detector() -> CoarselyDetecting:
    return CoarselyDetecting()


@pytest.fixture
async def service(embedder: Estimating, detector: CoarselyDetecting) -> InMemoryService:
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


def told(detector: CoarselyDetecting, embedder: Estimating) -> tuple[list[str], list[int], list[int]]:
    return detector.asked, embedder.estimated, embedder.exact


async def test_a_clear_match_is_detected_coarsely(
    service: InMemoryService, detector: CoarselyDetecting, embedder: Estimating
) -> None:
    face, decision = await service.recognize.execute(photo(RED), SURE)
    assert decision.people[0].name == "Red"
    assert face.fidelity is Fidelity.COARSE
    assert told(detector, embedder) == (["coarsely"], [1], [])


async def test_a_clear_stranger_is_detected_coarsely(
    service: InMemoryService, detector: CoarselyDetecting, embedder: Estimating
) -> None:
    with pytest.raises(NoMatch):
        await service.who(photo(BLUE), RecognitionOptions(threshold=0.9))
    assert told(detector, embedder) == (["coarsely"], [1], [])


@pytest.mark.parametrize(("threshold", "fidelity"), [(NEAR, Fidelity.BOTH_VIEWS), (0.999, Fidelity.EXACT)])
async def test_what_is_doubtful_is_analysed_anew(
    service: InMemoryService,
    detector: CoarselyDetecting,
    embedder: Estimating,
    threshold: float,
    fidelity: Fidelity,
) -> None:
    face, decision = await service.recognize.execute(photo(RED), RecognitionOptions(threshold=threshold))
    assert decision.people[0].similarity == pytest.approx(1, abs=1e-3)
    assert face.fidelity is fidelity
    assert face.detected is not None
    assert face.detected.box == Box(5, 10, 60, 60)
    assert detector.asked == ["coarsely", "detect"]
    assert (embedder.estimated, embedder.closely) == ([1], [1])
    assert embedder.exact == ([1] if fidelity is Fidelity.EXACT else [])


async def test_a_photo_and_a_person(
    service: InMemoryService, detector: CoarselyDetecting, embedder: Estimating
) -> None:
    assert (await service.verify.person(photo(RED), "Red", SURE)).match
    assert told(detector, embedder) == (["coarsely"], [1], [])
    doubtful = await service.verify.person(photo(RED), "Red", RecognitionOptions(threshold=0.999))
    assert doubtful.similarity == pytest.approx(1)
    assert told(detector, embedder) == (["coarsely", "coarsely", "detect"], [1, 1], [1])


async def test_an_unclear_face_is_looked_at_closely(
    service: InMemoryService, detector: CoarselyDetecting, embedder: Estimating
) -> None:
    with pytest.raises(NoMatch):
        await service.who(photo(GREY), SURE)
    assert detector.asked == ["coarsely", "detect"]
    assert (embedder.estimated, embedder.closely) == ([1, 1], [1])


@pytest.mark.parametrize(
    ("asked", "measure", "value", "looks"),
    [
        (Measure.SHARPNESS, Measure.SHARPNESS, 2.1, ["coarsely"]),
        (Measure.SHARPNESS, Measure.SHARPNESS, 1.9, ["coarsely", "detect"]),
        (Measure.OVER_EXPOSURE, Measure.OVER_EXPOSURE, 0.4, ["coarsely"]),
        (Measure.OVER_EXPOSURE, Measure.OVER_EXPOSURE, 0.6, ["coarsely", "detect"]),
        (Measure.SHARPNESS, Measure.OVER_EXPOSURE, 0.9, ["coarsely"]),
        (Measure.SHARPNESS, Measure.SHARPNESS, 6.9, ["coarsely"]),
        (Measure.OVER_EXPOSURE, Measure.SHARPNESS, 7.1, ["coarsely", "detect"]),
    ],
)
async def test_quality_near_a_bound_and_noise_are_looked_at_closely(
    service: InMemoryService,
    detector: CoarselyDetecting,
    asked: Measure,
    measure: Measure,
    value: float,
    looks: list[str],
) -> None:
    with_quality = replace(service.reader.analyser, assessor=Assessor({measure: value}))
    models = with_quality.models.choose(None, None)
    bounds = QualityBounds({asked: 1})
    with_quality.analyse(photo(RED).data, models, PhotoOptions(), bounds, Fidelity.COARSE)
    assert detector.asked == looks


async def test_what_is_refused_is_refused_after_a_close_look(
    service: InMemoryService, detector: CoarselyDetecting
) -> None:
    bad = replace(service.reader.analyser, assessor=Assessor({Measure.SHARPNESS: 0.9}))
    bounds = QualityBounds({Measure.SHARPNESS: 1})
    with pytest.raises(LowQuality):
        bad.analyse(photo(RED).data, bad.models.choose(None, None), PhotoOptions(), bounds, Fidelity.COARSE)
    assert detector.asked == ["coarsely", "detect"]


@pytest.mark.parametrize("selection", [FaceSelection.ALL, FaceSelection.SINGLE])
async def test_only_the_largest_face_is_detected_coarsely(
    service: InMemoryService, detector: CoarselyDetecting, selection: FaceSelection
) -> None:
    await service.identify.execute(photo(RED, BLUE, sizes=(60, 20)), replace(SURE, selection=selection))
    assert detector.asked == ["detect"]


async def test_whatever_is_kept_or_given_away_is_looked_at_closely(
    service: InMemoryService, detector: CoarselyDetecting
) -> None:
    await service.enrol("Red", photo(RED))
    await service.verify.two(photo(RED), photo(RED), RecognitionOptions())
    await EmbedFaces(service.reader).execute(photo(RED), PhotoOptions())
    await service.identify.execute(photo(RED), SURE, estimate=False)
    assert detector.asked == ["detect"] * 5


async def test_quality_that_is_told_is_that_of_a_close_look(
    service: InMemoryService, detector: CoarselyDetecting, embedder: Estimating
) -> None:
    face, _ = await service.recognize.execute(photo(RED), replace(SURE, quality=True))
    assert face.fidelity is Fidelity.ONE_VIEW
    assert told(detector, embedder) == (["detect"], [1], [])


async def test_without_estimates_nothing_is_detected_coarsely(
    service: InMemoryService, detector: CoarselyDetecting
) -> None:
    models = service.reader.analyser.models
    assert isinstance(models, ColourModels)
    models.embedders["colour"] = ColourEmbedder()
    await service.recognize.execute(photo(RED), SURE)
    assert detector.asked == ["detect"]


def test_faces_that_are_examined_are_looked_at_closely(
    detector: CoarselyDetecting, embedder: Estimating
) -> None:
    examining = analyser(LivenessPolicy.OBSERVE, Alive)
    assert isinstance(examining.models, ColourModels)
    examining.models.embedders["colour"] = embedder
    examining.models.detectors["colour"] = detector
    choice = examining.models.choose(None, None)
    (face,) = examining.analyse(photo(RED).data, choice, PhotoOptions(), fidelity=Fidelity.COARSE)
    assert (face.fidelity, detector.asked) == (Fidelity.ONE_VIEW, ["detect"])
