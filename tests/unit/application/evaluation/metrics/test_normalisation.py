"""Tables that are measured on several sets, in units of each set's own impostor scores."""

import numpy as np
import pytest

from application.evaluation.calibration.calibrate import fit, usable
from application.evaluation.metrics.normalisation import SCORE_SCALE, normalise
from domain.impostors import norm_penalty
from domain.models import ModelChoice
from tests.unit.evaluation_sets import as_set

MODELS = ModelChoice("squares", "colour")


def crowd(people: int, seed: int, common: float = 0.0, dimensions: int = 64) -> np.ndarray:
    """One unit vector a person; what all have in common makes them alike."""
    vectors = np.random.default_rng(seed).standard_normal((people, dimensions))
    vectors[:, 0] += common
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def test_scores_are_in_deviations_above_the_mean() -> None:
    found = normalise("random", crowd(400, 1, common=3), np.arange(400))
    middles = (np.arange(len(found.scores.weights)) + 0.5) * 2 / len(found.scores.weights) - 1
    shares = found.scores.weights / found.scores.weights.sum()
    mean = shares @ middles * SCORE_SCALE
    deviation = np.sqrt(shares @ (middles * SCORE_SCALE - mean) ** 2)
    assert (mean, deviation) == (pytest.approx(0, abs=0.05), pytest.approx(1, abs=0.1))


def test_populations_with_other_moments_have_the_same_scores() -> None:
    one, other = (
        normalise("a", crowd(500, 1), np.arange(500)),
        normalise("b", crowd(500, 2, 3), np.arange(500)),
    )
    assert other.distribution.mean > one.distribution.mean + 0.05
    assert one.scores.threshold(1e-2) == pytest.approx(other.scores.threshold(1e-2), abs=0.03)


def test_thresholds_are_those_of_the_set_whose_people_are_least_alike() -> None:
    alone = fit([normalise("a", crowd(500, 1), np.arange(500))], MODELS, "a")
    sets = [normalise("b", crowd(500, 2, 4), np.arange(500)), normalise("a", crowd(500, 1), np.arange(500))]
    both = fit(sets, MODELS, "both")
    assert both.impostors == alone.impostors
    assert both.threshold_at(1e-3) == pytest.approx(alone.threshold_at(1e-3), abs=0.02)
    assert [each.name for each in both.populations] == ["b", "a"]
    assert both.prior.mean == pytest.approx(np.mean([each.impostors.mean for each in both.populations]))


def test_short_vectors_are_given_what_they_must_reach_beyond() -> None:
    vectors, people = crowd(300, 1), np.arange(300)
    usual = normalise("usual", vectors, people, np.full(300, 0.9, dtype=np.float32))
    short = normalise("short", vectors, people, np.full(300, 0.5, dtype=np.float32))
    gap = (usual.scores.threshold(1e-2) - short.scores.threshold(1e-2)) * SCORE_SCALE
    assert gap == pytest.approx(norm_penalty(0.5, 0.5), abs=0.01)


def test_photos_that_recognition_refuses_do_not_count() -> None:
    photos = as_set(crowd(3, 1), np.arange(3))
    photos.norms[:] = [0.1, 1.0, np.nan]
    photos.vectors[2] = np.nan
    assert usable(photos).names == ("1",)
