import numpy as np
import pytest

from application.evaluation.errors import EvaluationError
from application.evaluation.liveness import LivenessEvaluation, measure

NAN = float("nan")
LIVE = [0.9, 0.8, 0.7, 0.4, NAN]
ATTACKS = [0.1, 0.6, 0.2, NAN]
SPECIES = ["print", "screen", "screen", "screen"]


def measured(wanted_bpcer: float = 0.25) -> LivenessEvaluation:
    return measure(
        np.array(LIVE), np.array(ATTACKS), SPECIES, model="m", threshold=0.5, wanted_bpcer=wanted_bpcer
    )


def test_errors_at_the_threshold() -> None:
    rates = measured().at_threshold
    assert {kind: share.value for kind, share in rates.apcer.items()} == {"print": 0, "screen": 0.5}
    assert rates.bpcer.value == 0.25
    assert rates.worst_apcer == 0.5
    assert rates.acer == 0.375


def test_photos_without_a_face_are_counted_apart() -> None:
    result = measured()
    assert (result.live, result.live_without_face) == (5, 1)
    assert (result.attacks, result.attacks_without_face) == (4, 1)


@pytest.mark.parametrize(
    ("wanted", "threshold"), [(0, 0.4), (0.2, 0.4), (0.25, 0.7), (0.5, 0.8), (0.99, 0.9)]
)
def test_the_highest_threshold_for_a_bpcer(wanted: float, threshold: float) -> None:
    rates = measured(wanted).at_bpcer
    assert rates.threshold == threshold
    assert rates.bpcer.value <= wanted


def test_faces_are_needed_on_both_sides() -> None:
    with pytest.raises(EvaluationError, match="no face"):
        measure(np.array([NAN]), np.array([0.1]), ["print"], model="m", threshold=0.5, wanted_bpcer=0.1)
