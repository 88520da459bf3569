import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.evaluation.metrics.rates import (
    Share,
    best_threshold,
    correct,
    fold_accuracy,
    roc,
    tar_at,
    threshold_at,
)

GENUINE = np.array([0.9, 0.8, 0.4, np.nan])
IMPOSTOR = np.array([0.5, 0.1, 0.0, -0.2])
SCORES = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=30)


def test_a_pair_without_a_face_is_an_error_on_either_side() -> None:
    scores, genuine = np.array([np.nan, np.nan]), np.array([True, False])
    assert not correct(scores, genuine, 0.0).any()
    assert not correct(scores, genuine, -1.0).any()


@pytest.mark.parametrize(
    ("fmr", "threshold", "tar"), [(0.0, 0.5, 0.5), (0.25, 0.1, 0.75), (0.5, 0.0, 0.75), (1.0, -1.0, 0.75)]
)
def test_tar_at_fmr(fmr: float, threshold: float, tar: float) -> None:
    found = threshold_at(IMPOSTOR, fmr)
    assert found == pytest.approx(threshold)
    assert tar_at(GENUINE, found).value == tar


@given(SCORES, st.floats(0, 1))
def test_no_more_impostors_match_than_allowed_and_no_lower_threshold_would_do(
    scores: list[float], fmr: float
) -> None:
    impostor = np.array(scores)
    threshold = threshold_at(impostor, fmr)
    assert (impostor >= threshold).mean() <= fmr + 1e-9
    if threshold > -1:
        assert (impostor >= np.nextafter(threshold, -1)).mean() > fmr


@given(SCORES, SCORES)
def test_the_best_threshold_is_as_good_as_trying_all(matching: list[float], other: list[float]) -> None:
    scores = np.array(matching + other, dtype=np.float64)
    genuine = np.arange(len(scores)) < len(matching)
    tried = [correct(scores, genuine, t).sum() for t in np.concatenate([scores, np.nextafter(scores, 2)])]
    assert correct(scores, genuine, best_threshold(scores, genuine)).sum() >= max(tried)


def test_the_threshold_of_a_fold_comes_from_the_others() -> None:
    scores = np.array([0.9, 0.8, 0.3, 0.2])
    genuine = np.array([True, False, True, False])
    accuracy = fold_accuracy(scores, genuine, np.array([0, 0, 1, 1]))
    assert accuracy.folds == (0.5, 0.5)


def test_mean_deviation_and_standard_error() -> None:
    scores = np.array([0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.0, 0.8])
    genuine = np.array([True, False] * 4)
    accuracy = fold_accuracy(scores, genuine, np.repeat([0, 1, 2, 3], 2))
    assert list(accuracy.folds) == [1, 1, 1, 0]
    assert [accuracy.mean, accuracy.deviation, accuracy.standard_error] == [0.75, 0.5, 0.25]


def test_the_curve_by_hand() -> None:
    curve = roc(np.array([0.9, 0.4]), np.array([0.5, 0.1]))
    assert curve.thresholds.tolist() == [np.inf, 0.9, 0.5, 0.4, 0.1]
    assert curve.fmr.tolist() == [0, 0, 0.5, 0.5, 1]
    assert curve.tar.tolist() == [0, 0.5, 0.5, 1, 1]
    assert curve.equal_error_rate == 0.5


def test_a_missing_face_lowers_the_curve_for_good() -> None:
    assert roc(GENUINE, IMPOSTOR).tar.max() == 0.75


def test_wilson_interval_against_a_published_example() -> None:
    """81 of 263: 0.2553 to 0.3662 (Newcombe 1998, table I)."""
    share = Share.of(81, 263)
    assert (share.low, share.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)


def test_a_perfect_result_is_not_certain() -> None:
    share = Share.of(100, 100)
    assert share.high == 1
    assert share.low == pytest.approx(0.963, abs=1e-3)
