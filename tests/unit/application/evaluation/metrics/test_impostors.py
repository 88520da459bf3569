from itertools import combinations

import numpy as np
import pytest

from application.evaluation.calibration import calibrate
from application.evaluation.calibration.calibrate import fit
from application.evaluation.errors import EvaluationError
from application.evaluation.metrics import photo_pairs
from application.evaluation.metrics.impostor_scores import BINS, ScoreHistogram, compare_everyone
from application.evaluation.metrics.normalisation import normalise
from domain.models import ModelChoice

MODELS = ModelChoice("squares", "colour")


def crowd(people: int, photos: int, seed: int = 1, dimensions: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Random directions, `photos` of each person, and one more of person 0."""
    vectors = np.random.default_rng(seed).standard_normal((people * photos + 1, dimensions))
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit, np.append(np.repeat(np.arange(people), photos), 0)


def test_as_comparing_all_pairs_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_pairs, "PAIRS", 500)
    vectors, people = crowd(30, 2)
    pairs = [(i, j) for i, j in combinations(range(len(people)), 2) if people[i] != people[j]]
    counts = np.bincount(people)
    weights = np.array([1 / counts[people[i]] / counts[people[j]] for i, j in pairs])
    scores = np.array([vectors[i] @ vectors[j] for i, j in pairs])
    measured = compare_everyone(vectors, people)
    assert (measured.people, measured.photos, measured.everyone.pairs) == (30, 61, len(pairs))
    assert measured.everyone.fmr(0.5) == pytest.approx(weights[scores >= 0.5].sum() / weights.sum())


def test_every_pair_of_people_weighs_the_same() -> None:
    vectors = np.array([[1, 0]] * 9 + [[1, 0], [0, 1]], dtype=np.float32)
    people = np.array([0] * 9 + [1, 2])
    assert compare_everyone(vectors, people).everyone.fmr(0.9) == pytest.approx(1 / 3)


def test_faces_that_were_not_found_are_left_out() -> None:
    vectors, people = crowd(30, 2)
    vectors[[3, 4, 5]] = np.nan
    measured, without = compare_everyone(vectors, people), np.delete(np.arange(61), [3, 4, 5])
    expected = compare_everyone(vectors[without], people[without])
    assert measured.everyone.pairs == expected.everyone.pairs
    assert measured.everyone.weights.tolist() == expected.everyone.weights.tolist()


def test_a_threshold_keeps_to_its_rate_and_the_next_lower_does_not() -> None:
    scores = compare_everyone(*crowd(60, 2)).everyone
    threshold = scores.threshold(1e-2)
    assert scores.fmr(threshold) <= 1e-2 < scores.fmr(threshold - 1e-4)


def test_people_who_resemble_each_other_are_the_confusable_tenth() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((200, 16))
    vectors[:20] = rng.standard_normal(16) + 0.3 * rng.standard_normal((20, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    measured = compare_everyone(vectors.astype(np.float32), np.arange(200))
    assert measured.lookalike.pairs == 20 * 19 / 2
    assert measured.confusable.pairs == 20 * 19 / 2 + 20 * 180
    assert measured.lookalike.fmr(0.75) > 0.9
    assert measured.everyone.fmr(0.75) < 0.02


def test_the_tail_of_an_exponential_distribution_is_found() -> None:
    drawn = np.random.default_rng(5).exponential(0.03, 400_000) - 0.2
    weights = np.bincount(((drawn + 1) * BINS / 2).astype(int), minlength=BINS)
    scores = ScoreHistogram(weights.astype(np.float64), len(drawn))
    assert scores.mean_excess(-0.1, 0.0) == pytest.approx(0.03, rel=0.02)


def test_a_calibration_measures_as_far_as_pairs_of_people_reach() -> None:
    table = fit([normalise("random", *crowd(100, 2))], MODELS, "random")
    assert table.least_measured == pytest.approx(5e-3)
    assert [point.fmr for point in table.points] == pytest.approx([5e-1, 2e-1, 1e-1, 5e-2, 2e-2, 1e-2, 5e-3])


def test_extrapolated_thresholds_are_right_or_a_little_strict() -> None:
    few, many = (crowd(people, 1, 9, 128) for people in (250, 2000))
    table = fit([normalise("random", *few)], MODELS, "random")
    assert table.least_measured >= 1e-3
    assert 1e-5 < compare_everyone(*many).everyone.fmr(table.threshold_at(1e-4)) < 2e-4


def test_a_model_that_sees_everyone_alike_gives_no_table() -> None:
    alike = np.tile(np.array([1, 0], dtype=np.float32), (40, 1))
    with pytest.raises(EvaluationError, match="no usable thresholds"):
        fit([normalise("clones", alike, np.arange(40))], MODELS, "clones")


def test_rates_stay_in_order() -> None:
    assert list(calibrate.RATES) == sorted(calibrate.RATES, reverse=True)
