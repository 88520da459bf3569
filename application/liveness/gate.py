"""Presentation attack detection as the service does it: the operator's policy, threshold and limits."""

from collections.abc import Callable
from dataclasses import dataclass

from application.ports.liveness import LivenessCalibrations, SpoofDetector
from domain.errors import BrokenModel
from domain.faces import DetectedFace, Image
from domain.liveness.calibration import SCORING
from domain.liveness.capture import NO_LIMITS, CaptureLimits, measure
from domain.liveness.detection import Liveness, LivenessPolicy, SpoofExamination

_RENEW = "the operator has to run face-api calibrate-liveness again, or remove its file"


@dataclass(frozen=True, slots=True)
class LivenessGate:
    """Decides whether faces are alive. Synchronous: call it in a worker."""

    policy: LivenessPolicy
    detector: Callable[[], SpoofDetector]
    """Raises ModelNotInstalled without an anti-spoofing model; not called as long as the policy is `off`."""
    limits: CaptureLimits = NO_LIMITS
    """What a photo must show for its face to be judged."""
    calibrations: LivenessCalibrations | None = None
    """None: the models' own threshold holds."""

    def threshold(self) -> float:
        """The least score of a face that is taken for living: the operator's calibration, else the models'.

        Raises:
            ModelNotInstalled: there is no anti-spoofing model.
            BrokenModel: a model can't be used; or the calibration can't be read, or is of other models, whose
                threshold would be a guess at this camera that the operator has not asked for.
        """
        detector = self.detector()
        calibration = None if self.calibrations is None else self.calibrations.load()
        if calibration is None:
            return detector.threshold
        if set(calibration.models) != set(detector.name.split("+")):
            measured = "+".join(calibration.models)
            raise BrokenModel(
                f"The liveness calibration was measured with {measured}, but {detector.name} would judge:"
                f" {_RENEW}."
            )
        if calibration.scoring != SCORING:
            raise BrokenModel(f"The liveness calibration is of another version's scores: {_RENEW}.")
        return calibration.threshold

    def judge(self, image: Image, face: DetectedFace) -> Liveness:
        """Whether a face is alive, whatever the policy.

        Raises:
            ModelNotInstalled, BrokenModel: as `threshold`.
        """
        return self.conclude(self.examine(image, face))

    def examine(self, image: Image, face: DetectedFace) -> SpoofExamination:
        """What the anti-spoofing models find of a face in the whole photo.

        Raises:
            ModelNotInstalled, BrokenModel: as `threshold`.
        """
        detector = self.detector()
        missed = () if self.limits == NO_LIMITS else self.limits.missed(measure(image, face.box))
        return SpoofExamination(detector.score(image, face), missed)

    def conclude(self, examination: SpoofExamination) -> Liveness:
        """The verdict, whatever the policy; raises as `threshold`."""
        return Liveness(examination.score, self.threshold(), examination.reasons)

    def require(self, examination: SpoofExamination, wanted: LivenessPolicy | None = None) -> Liveness:
        """The verdict, if the policy lets the face pass; that of the request, `wanted`, can only be stricter.

        Raises:
            SpoofDetected: the policy is `enforce`, and the face looks like a presentation attack.
            LivenessUndetermined: the policy is `enforce`, and the photo doesn't show whether it is one.
            ModelNotInstalled, BrokenModel: as `threshold`.
        """
        liveness = self.conclude(examination)
        if self.policy.tightened(wanted) is LivenessPolicy.ENFORCE:
            liveness.require_live()
        return liveness

    def check(
        self, image: Image, face: DetectedFace, wanted: LivenessPolicy | None = None
    ) -> Liveness | None:
        """As `require`, of a face in the whole photo; None, and no model is needed, when the policy is `off`."""
        if self.policy.tightened(wanted) is LivenessPolicy.OFF:
            return None
        return self.require(self.examine(image, face), wanted)
