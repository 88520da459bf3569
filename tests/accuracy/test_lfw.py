"""The default models' accuracy, as the README states it."""

from application.evaluation.verification.pair_accuracy import PairAccuracy
from tests.accuracy.conftest import full_only


def test_every_face_is_found(evaluation: PairAccuracy) -> None:
    assert evaluation.undetected == ()


def test_accuracy_on_some_folds(evaluation: PairAccuracy) -> None:
    assert evaluation.accuracy.mean >= 0.99


@full_only
def test_accuracy(evaluation: PairAccuracy) -> None:
    assert round(evaluation.accuracy.mean, 6) >= 0.996


@full_only
def test_true_accept_rate_at_one_false_match_in_a_thousand(evaluation: PairAccuracy) -> None:
    (at,) = (result for result in evaluation.results if result.fmr == 1e-3)
    assert at.tar.value >= 0.992


@full_only
def test_identification(evaluation: PairAccuracy) -> None:
    found = evaluation.identification
    assert found is not None
    assert found.tpir is not None
    assert found.rank1.value >= 0.985
    assert found.tpir.value >= 0.97
