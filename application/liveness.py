"""Presentation attack detection as the service does it: several models as one, and the operator's policy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from application.ports.liveness import LivenessCalibrations, SpoofDetector
from domain.capture import NO_LIMITS, CaptureLimits, measure
from domain.errors import BrokenModel
from domain.faces import DetectedFace, Image
from domain.liveness import Liveness, LivenessPolicy, pooled
from domain.liveness_calibration import SCORING


@dataclass(frozen=True, slots=True)
class LivenessEnsemble(SpoofDetector):
    """One or more models, whose scores, and thresholds, are averaged."""

    members: tuple[SpoofDetector, ...]

    @property
    def name(self) -> str:
        """The members' names."""
        return "+".join(member.name for member in self.members)

    @property
    def threshold(self) -> float:
        """The members', averaged as their scores are."""
        return pooled(member.threshold for member in self.members)

    def score(self, image: Image, face: DetectedFace) -> float:
        """See SpoofDetector."""
        return pooled(member.score(image, face) for member in self.members)


@dataclass(frozen=True, slots=True)
class CalibratedSpoofDetector(SpoofDetector):
    """A detector with the threshold that the operator measured, where there is one."""

    detector: SpoofDetector
    calibrations: LivenessCalibrations

    @property
    def name(self) -> str:
        """The detector's."""
        return self.detector.name

    @property
    def threshold(self) -> float:
        """The calibration's, else the models'.

        Raises:
            BrokenModel: the calibration is broken, or is of other models. The models' own threshold would be
                a guess at this camera that the operator has not asked for.
        """
        calibration = self.calibrations.load()
        if calibration is None:
            return self.detector.threshold
        if set(calibration.models) != set(self.name.split("+")):
            measured = "+".join(calibration.models)
            raise BrokenModel(
                f"The liveness calibration was measured with {measured}, but {self.name} would judge:"
                f" {_RENEW}."
            )
        if calibration.scoring != SCORING:
            raise BrokenModel(f"The liveness calibration is of another version's scores: {_RENEW}.")
        return calibration.threshold

    def score(self, image: Image, face: DetectedFace) -> float:
        """See SpoofDetector."""
        return self.detector.score(image, face)


def calibrated(
    load: Callable[[Sequence[str]], SpoofDetector], names: Sequence[str], calibrations: LivenessCalibrations
) -> SpoofDetector:
    """The named models that are installed, with the operator's threshold; raises what `load` raises."""
    return CalibratedSpoofDetector(load(names), calibrations)


_RENEW = "the operator has to run face-api calibrate-liveness again, or remove its file"


@dataclass(frozen=True, slots=True)
class LivenessGate:
    """Lets living faces pass. Synchronous: call it in a worker."""

    policy: LivenessPolicy
    detector: Callable[[], SpoofDetector]
    """Raises ModelNotInstalled without an anti-spoofing model; not called as long as the policy is `off`."""
    limits: CaptureLimits = NO_LIMITS
    """What a photo must show for its face to be judged."""

    def judge(self, image: Image, face: DetectedFace) -> Liveness:
        """Look at a face, whatever the policy.

        Raises:
            ModelNotInstalled, BrokenModel: there is no anti-spoofing model, or none that can be used.
        """
        detector = self.detector()
        missed = () if self.limits == NO_LIMITS else self.limits.missed(measure(image, face.box))
        return Liveness(detector.score(image, face), detector.threshold, missed)

    def check(
        self, image: Image, face: DetectedFace, wanted: LivenessPolicy | None = None
    ) -> Liveness | None:
        """What the policy says about a face; None when it is `off`.

        Args:
            image: the whole photo.
            face: one that was found in it.
            wanted: the request's policy, which can only be stricter.

        Raises:
            SpoofDetected: the policy is `enforce`, and the face looks like a presentation attack.
            LivenessUndetermined: the policy is `enforce`, and the photo doesn't show whether it is one.
            ModelNotInstalled, BrokenModel: as `judge`.
        """
        policy = self.policy.tightened(wanted)
        if policy is LivenessPolicy.OFF:
            return None
        liveness = self.judge(image, face)
        if policy is LivenessPolicy.ENFORCE:
            liveness.require_live()
        return liveness
