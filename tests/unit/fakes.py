"""Hand-written fakes of the ports, and images that the colour stand-ins understand."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import numpy as np

from application.analysis.analyser import FaceAnalyser
from application.analysis.sources import Photo
from application.decisions import DecisionPolicy
from application.liveness.gate import LivenessGate
from application.ports.liveness import SpoofDetector
from application.ports.quality import QualityAssessor
from domain.calibration import CalibrationTable, OperatingPoint
from domain.errors import InvalidImage, ModelNotInstalled, UnknownModel
from domain.faces import Crop, DetectedFace, Image, ScaledImage
from domain.impostors import ImpostorDistribution
from domain.liveness.detection import LivenessPolicy
from domain.models import Alignment, Execution, ModelChoice, ModelInfo, Precision
from domain.quality import QualityReport
from tests.unit.vision import ColourDetector, ColourEmbedder

P = ParamSpec("P")
R = TypeVar("R")

RED, GREEN, BLUE = (40, 40, 220), (40, 220, 40), (220, 40, 40)
"""BGR."""


def photo(*people: tuple[int, int, int], sizes: tuple[int, ...] = (60, 40, 20)) -> Photo:
    """An 'image file': one square a person, the first the largest; decode it with RawDecoder."""
    image = np.zeros((100, 300, 3), np.uint8)
    for index, (colour, size) in enumerate(zip(people, sizes, strict=False)):
        image[10 : 10 + size, 100 * index + 5 : 100 * index + 5 + size] = colour
    return Photo(image.tobytes())


class RawDecoder:
    """Takes the bytes of a 100 x 300 x 3 array for an image file."""

    def decode(self, data: bytes) -> Image:
        if len(data) != 90_000:
            raise InvalidImage("The file is not an image.")
        return np.frombuffer(data, np.uint8).reshape(100, 300, 3)

    def decode_reduced(self, data: bytes, long_side: int, max_reduction: int = 8) -> ScaledImage:
        return ScaledImage(self.decode(data))


class CuttingAligner:
    """Cuts the box out."""

    def align(self, image: Image, face: DetectedFace) -> Crop:
        box = face.box
        return image[int(box.y) : int(box.y + box.height), int(box.x) : int(box.x + box.width)]

    def locate(self, image: Image, face: DetectedFace) -> DetectedFace:
        return face


@dataclass
class ColourModels:
    """A library with the colour stand-ins, and a second recogniser of another dimension."""

    embedders: dict[str, ColourEmbedder] = field(
        default_factory=lambda: {"colour": ColourEmbedder(), "hue": ColourEmbedder("hue", 8)}
    )
    detectors: dict[str, ColourDetector] = field(default_factory=lambda: {"colour": ColourDetector()})

    def choose(self, detection: str | None, recognition: str | None) -> ModelChoice:
        choice = ModelChoice(detection or "colour", recognition or "colour")
        if choice.detection != "colour" or choice.recognition not in self.embedders:
            raise UnknownModel("no such model")
        return choice

    def detector(self, name: str) -> ColourDetector:
        return self.detectors[name]

    def embedder(self, name: str) -> ColourEmbedder:
        return self.embedders[name]

    def dimensions(self, recognition: str) -> int:
        return self.embedders[recognition].dimensions

    def alignment(self, recognition: str) -> Alignment:
        return Alignment.DETECTED

    def execution(self, name: str) -> Execution:
        return Execution("palette", Precision.FLOAT, "cpu")

    def list(self) -> list[ModelInfo]:
        return []

    def loaded(self) -> bool:
        return True


IMPOSTORS = ImpostorDistribution(0.3, 0.15)


def some_table(model: str) -> CalibrationTable:
    """A threshold of 0.9 at a false match rate of 1e-4."""
    points = (OperatingPoint(1e-2, 0.8, 1e-2, 1e-2), OperatingPoint(1e-4, 0.9, 1e-4, 1e-4))
    return CalibrationTable(model, "colour", "made up", 2, 2, 1, points, 0.01, IMPOSTORS)


def policy(
    margin: float = 0.0,
    load_table: Callable[[str], CalibrationTable | None] = some_table,
    target_fmr: float = 1e-4,
    target_fpir: float = 0.01,
) -> DecisionPolicy:
    return DecisionPolicy(load_table, target_fmr, target_fpir, margin)


class InlineWorkers:
    """Runs work at once, in the caller's thread."""

    charged = 0.0
    """Seconds of work that was done elsewhere."""

    def charge(self, seconds: float) -> None:
        self.charged += seconds

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return work(*args, **kwargs)

    async def vacancy(self) -> None:
        pass

    async def turn(self) -> None:
        pass

    async def count_received(self, size: int, *, last: bool) -> None:
        pass


class NoAssessor:
    """Measures nothing."""

    def assess(
        self, image: ScaledImage, face: DetectedFace, crop: Crop, embedding_norm: float = math.nan
    ) -> QualityReport:
        assert crop.size
        return QualityReport({})


def no_spoof_detector() -> SpoofDetector:
    raise ModelNotInstalled("minifasnet", published=True)


def analyser(
    liveness: LivenessPolicy = LivenessPolicy.OFF,
    detector: Callable[[], SpoofDetector] = no_spoof_detector,
    assessor: QualityAssessor | None = None,
) -> FaceAnalyser:
    """The pipeline over the stand-ins."""
    gate = LivenessGate(liveness, detector)
    return FaceAnalyser(
        RawDecoder(),
        dict.fromkeys(Alignment, CuttingAligner()),
        ColourModels(),
        gate,
        assessor or NoAssessor(),
    )
