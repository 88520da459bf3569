"""Presentation attack detection as the service does it: several models as one, and the operator's policy."""

from collections.abc import Callable
from dataclasses import dataclass

from application.ports.liveness import SpoofDetector
from domain.errors import SpoofDetected
from domain.faces import DetectedFace, Image
from domain.liveness import Liveness, LivenessPolicy, pooled


@dataclass(frozen=True, slots=True)
class LivenessEnsemble:
    """Implements SpoofDetector with one or more of them, whose scores, and thresholds, are averaged."""

    members: tuple[SpoofDetector, ...]

    @property
    def name(self) -> str:
        """The members' names."""
        return "+".join(member.name for member in self.members)

    @property
    def threshold(self) -> float:
        """See SpoofDetector."""
        return pooled(member.threshold for member in self.members)

    def score(self, image: Image, face: DetectedFace) -> float:
        """See SpoofDetector."""
        return pooled(member.score(image, face) for member in self.members)


@dataclass(frozen=True, slots=True)
class LivenessGate:
    """Lets living faces pass. Synchronous: call it in a worker."""

    policy: LivenessPolicy
    detector: Callable[[], SpoofDetector]
    """Raises ModelNotInstalled without an anti-spoofing model; not called as long as the policy is `off`."""

    def judge(self, image: Image, face: DetectedFace) -> Liveness:
        """Look at a face, whatever the policy.

        Raises:
            ModelNotInstalled, BrokenModel: there is no anti-spoofing model, or none that can be used.
        """
        detector = self.detector()
        return Liveness(detector.score(image, face), detector.threshold)

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
            ModelNotInstalled, BrokenModel: as `judge`.
        """
        policy = self.policy.tightened(wanted)
        if policy is LivenessPolicy.OFF:
            return None
        liveness = self.judge(image, face)
        if policy is LivenessPolicy.ENFORCE and not liveness.live:
            raise SpoofDetected(
                f"The face looks like a picture of a face: its liveness score is {liveness.score:.3f},"
                f" and {liveness.threshold:.3f} is needed."
            )
        return liveness
