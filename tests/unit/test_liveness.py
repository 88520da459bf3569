import math
from dataclasses import dataclass

import numpy as np
import pytest

from application.liveness import LivenessEnsemble, LivenessGate
from application.ports.liveness import SpoofDetector
from domain.errors import ModelNotInstalled, SpoofDetected
from domain.faces import Box, DetectedFace, Image
from domain.liveness import Liveness, LivenessPolicy, pooled

IMAGE = np.zeros((10, 10, 3), np.uint8)
FACE = DetectedFace(Box(2, 2, 5, 5), 1.0)
OFF, OBSERVE, ENFORCE = LivenessPolicy


@dataclass(frozen=True)
class Says:
    """A SpoofDetector that gives every face the same score."""

    answer: float
    threshold: float = 0.5
    name: str = "says"

    def score(self, image: Image, face: DetectedFace) -> float:
        assert image is IMAGE
        assert face is FACE
        return self.answer


def not_installed() -> SpoofDetector:
    raise ModelNotInstalled("says", pulled=True)


def gate(policy: LivenessPolicy, answer: float) -> LivenessGate:
    return LivenessGate(policy, lambda: Says(answer))


@pytest.mark.parametrize(
    ("operator", "wanted", "result"),
    [
        (OFF, None, OFF),
        (OFF, ENFORCE, ENFORCE),
        (OBSERVE, OFF, OBSERVE),
        (OBSERVE, ENFORCE, ENFORCE),
        (ENFORCE, OFF, ENFORCE),
        (ENFORCE, OBSERVE, ENFORCE),
        (ENFORCE, None, ENFORCE),
    ],
)
def test_a_request_may_only_tighten_the_policy(
    operator: LivenessPolicy, wanted: LivenessPolicy | None, result: LivenessPolicy
) -> None:
    assert operator.tightened(wanted) is result


def test_the_threshold_itself_is_live() -> None:
    assert Liveness(0.5, 0.5).live
    assert not Liveness(math.nextafter(0.5, 0), 0.5).live


def test_off_needs_no_model() -> None:
    assert LivenessGate(OFF, not_installed).check(IMAGE, FACE) is None


def test_without_a_model_a_stricter_request_is_told_so() -> None:
    with pytest.raises(ModelNotInstalled):
        LivenessGate(OFF, not_installed).check(IMAGE, FACE, OBSERVE)


def test_observe_reports_and_lets_pass() -> None:
    assert gate(OBSERVE, 0.1).check(IMAGE, FACE) == Liveness(0.1, 0.5)


def test_enforce_refuses_attacks() -> None:
    with pytest.raises(SpoofDetected, match=r"0\.100.*0\.500"):
        gate(ENFORCE, 0.1).check(IMAGE, FACE)


def test_enforce_lets_living_faces_pass() -> None:
    assert gate(ENFORCE, 0.9).check(IMAGE, FACE) == Liveness(0.9, 0.5)


def test_a_request_can_ask_for_enforcement() -> None:
    with pytest.raises(SpoofDetected):
        gate(OFF, 0.1).check(IMAGE, FACE, ENFORCE)


def test_judging_is_never_a_refusal() -> None:
    assert not gate(ENFORCE, 0.1).judge(IMAGE, FACE).live


def test_scores_are_averaged_in_log_odds() -> None:
    assert pooled([0.5, 0.5]) == 0.5
    assert pooled([0.2, 0.8]) == pytest.approx(0.5)
    assert pooled([0.5, 0.001]) == pytest.approx(0.0307, abs=1e-4)


def test_a_score_of_nothing_at_all_is_not_final() -> None:
    assert 0 < pooled([0.0, 1.0, 0.9]) < 1


def test_an_ensemble_pools_scores_and_thresholds() -> None:
    both = LivenessEnsemble((Says(0.9, 0.2, "one"), Says(0.3, 0.6, "two")))
    assert both.name == "one+two"
    assert both.score(IMAGE, FACE) == pooled([0.9, 0.3])
    assert both.threshold == pooled([0.2, 0.6])


def test_an_ensemble_of_one_is_that_one() -> None:
    alone = LivenessEnsemble((Says(0.9, 0.2),))
    assert alone.score(IMAGE, FACE) == pytest.approx(0.9)
    assert alone.threshold == pytest.approx(0.2)
