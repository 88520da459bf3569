import math
from dataclasses import dataclass

import numpy as np
import pytest

from adapters.onnx.anti_spoofing.ensemble import SpoofDetectorEnsemble
from application.liveness.gate import LivenessGate
from application.ports.liveness import LivenessCalibrations, SpoofDetector
from domain.errors import BrokenModel, LivenessUndetermined, ModelNotInstalled, SpoofDetected
from domain.faces import Box, DetectedFace, Image
from domain.liveness.calibration import LivenessCalibration, MeasuredRate
from domain.liveness.capture import MINIFASNET_LIMITS, NO_LIMITS, CaptureLimits, UndeterminedReason
from domain.liveness.detection import Liveness, LivenessPolicy, LivenessVerdict, pooled
from tests.liveness_calibrations import InMemoryLivenessCalibrations

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
    raise ModelNotInstalled("says", published=True)


def gate(
    policy: LivenessPolicy,
    answer: float,
    limits: CaptureLimits = NO_LIMITS,
    calibrations: LivenessCalibrations | None = None,
) -> LivenessGate:
    return LivenessGate(policy, lambda: Says(answer), limits, calibrations)


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


def test_what_cannot_be_judged_is_neither_live_nor_an_attack() -> None:
    found = Liveness(0.9, 0.5, (UndeterminedReason.GREY,))
    assert (found.verdict, found.live) == (LivenessVerdict.UNDETERMINED, False)
    assert Liveness(0.9, 0.5).verdict is LivenessVerdict.LIVE
    assert Liveness(0.1, 0.5).verdict is LivenessVerdict.SPOOF


@pytest.mark.parametrize("answer", [0.1, 0.9])
def test_enforce_refuses_what_cannot_be_judged_as_that(answer: float) -> None:
    with pytest.raises(LivenessUndetermined, match=r"colour.*pixels") as refused:
        gate(ENFORCE, answer, MINIFASNET_LIMITS).check(IMAGE, FACE)
    assert refused.value.reasons == ("grey", "too_small")


def test_observe_says_why_nothing_can_be_said() -> None:
    found = gate(OBSERVE, 0.1, MINIFASNET_LIMITS).check(IMAGE, FACE)
    assert found == Liveness(0.1, 0.5, (UndeterminedReason.GREY, UndeterminedReason.TOO_SMALL))


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
    both = SpoofDetectorEnsemble((Says(0.9, 0.2, "one"), Says(0.3, 0.6, "two")))
    assert both.name == "one+two"
    assert both.score(IMAGE, FACE) == pooled([0.9, 0.3])
    assert both.threshold == pooled([0.2, 0.6])


def test_an_ensemble_of_one_is_that_one() -> None:
    alone = SpoofDetectorEnsemble((Says(0.9, 0.2),))
    assert alone.score(IMAGE, FACE) == pytest.approx(0.9)
    assert alone.threshold == pytest.approx(0.2)


def measured(*models: str, scoring: int = 1) -> InMemoryLivenessCalibrations:
    rate = MeasuredRate(0.01, 0.002, 0.03, 200)
    found = LivenessCalibration(models=models, threshold=0.8, wanted_bpcer=0.01, bpcer=rate, scoring=scoring)
    return InMemoryLivenessCalibrations(found)


def test_a_calibration_replaces_the_threshold() -> None:
    calibrated = gate(ENFORCE, 0.7, calibrations=measured("says"))
    assert calibrated.threshold() == 0.8
    assert not calibrated.judge(IMAGE, FACE).live


def test_the_order_of_the_models_does_not_matter() -> None:
    both = SpoofDetectorEnsemble((Says(0.7, name="one"), Says(0.7, name="two")))
    assert LivenessGate(OBSERVE, lambda: both, calibrations=measured("two", "one")).threshold() == 0.8


def test_without_a_calibration_the_models_own_threshold_holds() -> None:
    assert gate(OBSERVE, 0.7, calibrations=InMemoryLivenessCalibrations()).threshold() == 0.5


@pytest.mark.parametrize("models", [("other",), ("says", "other")])
def test_a_calibration_of_other_models_is_refused(models: tuple[str, ...]) -> None:
    with pytest.raises(BrokenModel, match=r"measured with .*other, but says .*calibrate-liveness"):
        gate(ENFORCE, 0.7, calibrations=measured(*models)).check(IMAGE, FACE)


def test_a_calibration_of_other_scores_is_refused() -> None:
    with pytest.raises(BrokenModel, match="another version"):
        gate(OBSERVE, 0.7, calibrations=measured("says", scoring=0)).threshold()
