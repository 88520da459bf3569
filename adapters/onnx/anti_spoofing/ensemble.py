"""Several anti-spoofing models as one."""

from dataclasses import dataclass

from typing_extensions import override

from application.ports.liveness import SpoofDetector
from application.stages import Stage, timed
from domain.faces import DetectedFace, Image
from domain.liveness.detection import pooled


@dataclass(frozen=True, slots=True)
class SpoofDetectorEnsemble(SpoofDetector):
    """One or more models, whose scores and thresholds are averaged."""

    members: tuple[SpoofDetector, ...]

    @property
    @override
    def name(self) -> str:
        return "+".join(member.name for member in self.members)

    @property
    @override
    def threshold(self) -> float:
        return pooled(member.threshold for member in self.members)

    @override
    @timed(Stage.LIVENESS)
    def score(self, image: Image, face: DetectedFace) -> float:
        return pooled(member.score(image, face) for member in self.members)
