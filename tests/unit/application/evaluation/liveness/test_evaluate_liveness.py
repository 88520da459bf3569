import numpy as np
import pytest

from application.evaluation.errors import EvaluationError
from application.evaluation.liveness.evaluate import LivenessEvaluation, calibrate, evaluate, least_photos
from application.evaluation.liveness.presentations import JudgedPhotos, Presentations
from domain.liveness.calibration import LivenessCalibration
from domain.liveness.capture import UndeterminedReason
from domain.liveness.detection import Liveness

GREY = Liveness(0.01, 0.5, (UndeterminedReason.GREY,))
GREY_AND_SMALL = Liveness(0.99, 0.5, (UndeterminedReason.GREY, UndeterminedReason.TOO_SMALL))


def presentations(*scores: float | Liveness | None, species: tuple[str, ...] = ()) -> Presentations:
    """Photos with these scores; None is one without a face."""
    found = [Liveness(score, 0.5) if isinstance(score, float) else score for score in scores]
    return Presentations(found, species)


LIVE = presentations(0.9, GREY, 0.8, 0.7, 0.4, None)
ATTACKS = presentations(
    0.1, 0.6, GREY_AND_SMALL, 0.2, None, species=("print", "screen", "screen", "screen", "screen")
)


def evaluated(wanted_bpcer: float = 0.25, attacks: Presentations = ATTACKS) -> LivenessEvaluation:
    return evaluate(JudgedPhotos(LIVE, attacks, "m", 0.5), wanted_bpcer)


def test_errors_at_the_threshold() -> None:
    rates = evaluated().at_threshold
    assert {kind: share.value for kind, share in rates.apcer.items()} == {"print": 0, "screen": 0.5}
    assert rates.bpcer.value == 0.25
    assert rates.worst_apcer == 0.5
    assert rates.acer == 0.375


def test_photos_that_are_not_judged_are_counted_apart() -> None:
    result = evaluated()
    live, attacks = result.photos.live.non_response, result.photos.attacks.non_response
    assert (live.photos, live.without_face, live.undetermined, live.reasons) == (6, 1, 1, {"grey": 1})
    assert (attacks.photos, attacks.without_face, attacks.undetermined) == (5, 1, 1)
    assert attacks.reasons == {"grey": 1, "too_small": 1}
    assert live.share == pytest.approx(2 / 6)


@pytest.mark.parametrize(
    ("wanted", "threshold"), [(0, 0.4), (0.2, 0.4), (0.25, 0.7), (0.5, 0.8), (0.99, 0.9)]
)
def test_the_highest_threshold_for_a_bpcer(wanted: float, threshold: float) -> None:
    rates = evaluated(wanted).at_bpcer
    assert rates.threshold == threshold
    assert rates.bpcer.value <= wanted


def test_living_people_alone_can_be_evaluated() -> None:
    rates = evaluated(attacks=Presentations(())).at_threshold
    assert (rates.apcer, rates.worst_apcer, rates.acer) == ({}, None, None)
    assert rates.bpcer.value == 0.25


@pytest.mark.parametrize(
    ("live", "attacks"),
    [
        (presentations(None, GREY), ATTACKS),
        (LIVE, presentations(None, GREY, species=("print", "print"))),
    ],
)
def test_faces_that_can_be_judged_are_needed_on_both_sides(
    live: Presentations, attacks: Presentations
) -> None:
    with pytest.raises(EvaluationError, match="no face that can be judged"):
        evaluate(JudgedPhotos(live, attacks, "m", 0.5), 0.1)


def judged(photos: int) -> JudgedPhotos:
    live = presentations(*np.linspace(0.5, 0.99, photos).tolist(), GREY, None)
    return JudgedPhotos(live, ATTACKS, "one+two", 0.3)


def calibrated(photos: int, wanted_bpcer: float) -> LivenessCalibration:
    return calibrate(judged(photos), wanted_bpcer, "a camera")


def test_a_calibration_is_the_strictest_threshold_for_a_bpcer() -> None:
    found = calibrated(100, 0.01)
    scores = np.linspace(0.5, 0.99, 100)
    assert found.models == ("one", "two")
    assert scores[0] < found.threshold <= scores[1]
    assert (found.bpcer.rate, found.bpcer.photos) == (0.01, 100)
    assert found.bpcer.low < 0.01 < found.bpcer.high
    assert {kind: rate.rate for kind, rate in found.apcer.items()} == {"print": 0, "screen": 0.5}
    assert {kind: rate.photos for kind, rate in found.apcer.items()} == {"print": 1, "screen": 2}


def test_a_calibration_compares_with_the_threshold_before() -> None:
    assert evaluate(judged(100), 0.01).at_threshold.threshold == 0.3


@pytest.mark.parametrize(("wanted", "least"), [(0, 50), (0.001, 1000), (0.01, 100), (0.02, 50), (0.1, 50)])
def test_a_calibration_needs_photos_enough(wanted: float, least: int) -> None:
    assert least_photos(wanted) == least
    assert calibrated(least, wanted).bpcer.rate <= wanted
    with pytest.raises(EvaluationError, match=rf"needs at least {least} photos.*there are {least - 1}"):
        calibrated(least - 1, wanted)


def test_scores_that_are_all_nothing_give_no_threshold() -> None:
    live = presentations(*[0.0] * 100)
    with pytest.raises(EvaluationError, match="no usable threshold"):
        calibrate(JudgedPhotos(live, Presentations(()), "m", 0.3), 0.01, "")
