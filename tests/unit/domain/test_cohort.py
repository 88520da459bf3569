import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from domain.calibration import CalibrationTable, OperatingPoint
from domain.impostors import (
    COHORT_SIZE,
    PRIOR_PEOPLE,
    Cohort,
    ImpostorDistribution,
    normalised_score,
    similarity_at,
)

PRIOR = ImpostorDistribution(0.05, 0.1)
TABLE = CalibrationTable("m", "d", "made up", 9, 9, 9, (OperatingPoint(1e-4, 0.42, 1e-4, 1e-4),), 0.02, PRIOR)
DISTRIBUTIONS = st.builds(ImpostorDistribution, st.floats(-0.5, 0.5), st.floats(0.01, 0.5))

Vectors = NDArray[np.float32]


def crowd(people: int, *, common: float = 0.0, seed: int = 1, dimensions: int = 128) -> Vectors:
    """Random people, who share a direction if `common` is above 0."""
    vectors = np.random.default_rng(seed).standard_normal((people, dimensions))
    vectors[:, 0] += common * dimensions**0.5
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def again(vectors: Vectors, noise: float = 0.5, seed: int = 2) -> Vectors:
    """Other photos of the same people."""
    other = vectors + noise * crowd(len(vectors), seed=seed)
    unit: Vectors = (other / np.linalg.norm(other, axis=1, keepdims=True)).astype(np.float32)
    return unit


@pytest.mark.parametrize(
    ("mean", "deviation"), [(-1.1, 0.1), (1.1, 0.1), (0, 0), (0, -0.1), (0, 1.1), (np.nan, 0.1), (0, np.nan)]
)
def test_what_is_no_distribution_of_similarities(mean: float, deviation: float) -> None:
    with pytest.raises(ValueError, match="impostor similarities"):
        ImpostorDistribution(mean, deviation)


def test_a_mixture_lies_between() -> None:
    other = ImpostorDistribution(0.15, 0.2)
    assert PRIOR.towards(other, 0) == PRIOR
    assert PRIOR.towards(other, 1).mean == other.mean
    half = PRIOR.towards(other, 0.5)
    assert (half.mean, half.deviation**2) == (pytest.approx(0.1), pytest.approx((0.01 + 0.04) / 2))


@given(st.floats(-1, 1), DISTRIBUTIONS, DISTRIBUTIONS)
def test_a_similarity_is_found_again_by_its_score(
    similarity: float, one: ImpostorDistribution, other: ImpostorDistribution
) -> None:
    score = normalised_score(similarity, one, other)
    assert similarity_at(score, one, other) == pytest.approx(similarity, abs=1e-9)


@given(st.floats(-10, 10), DISTRIBUTIONS, DISTRIBUTIONS)
def test_a_score_has_no_sides(score: float, one: ImpostorDistribution, other: ImpostorDistribution) -> None:
    assert similarity_at(score, one, other) == pytest.approx(similarity_at(score, other, one))


def test_of_like_faces_a_score_counts_deviations() -> None:
    assert normalised_score(0.35, PRIOR, PRIOR) == pytest.approx(3)
    assert similarity_at(3, PRIOR, PRIOR) == pytest.approx(0.35)


def test_moments_are_those_of_all_pairs() -> None:
    vectors = crowd(200, common=0.3)
    observed = Cohort.of(200, vectors).observed
    scores = (vectors @ vectors.T)[np.triu_indices(200, 1)]
    assert observed is not None
    assert observed.mean == pytest.approx(scores.mean(), abs=1e-3)
    assert observed.deviation == pytest.approx(scores.std(), abs=2e-3)


def test_pairs_are_counted() -> None:
    assert Cohort.of(1000, crowd(20)).pairs == 190


@pytest.mark.parametrize("people", [0, 1, 2])
def test_too_few_people_show_nothing(people: int) -> None:
    cohort = Cohort.of(people, crowd(people))
    assert cohort.observed is None
    assert cohort.population(PRIOR) == PRIOR


def test_people_who_are_all_alike_show_nothing() -> None:
    assert Cohort.of(5, np.tile(crowd(1), (5, 1))).observed is None


def test_nobody_says_nothing_of_a_face() -> None:
    for nobody in (np.empty((0, 0), np.float32), np.empty((0, 128), np.float32)):
        assert Cohort.of(0, nobody).impostors_of(crowd(1)[0], PRIOR) == PRIOR


def test_vectors_of_another_length_say_nothing_of_a_face() -> None:
    cohort = Cohort.of(30, crowd(30, dimensions=64))
    assert cohort.impostors_of(crowd(1)[0], PRIOR) == cohort.population(PRIOR)


def test_the_more_people_the_less_is_assumed() -> None:
    few, many = (Cohort.of(people, crowd(people, common=0.6)) for people in (5, 500))
    assert few.observed is not None
    assert many.observed is not None
    expected = few.population(PRIOR).mean
    share = 5 / (5 + PRIOR_PEOPLE)
    assert expected == pytest.approx((1 - share) * PRIOR.mean + share * few.observed.mean)
    assert many.population(PRIOR).mean == pytest.approx(many.observed.mean, abs=0.01)


def test_a_face_that_resembles_everybody_has_greater_impostors() -> None:
    cohort = Cohort.of(200, crowd(200, common=0.5))
    usual = cohort.impostors_of(crowd(300, common=0.5)[250], PRIOR)
    common = np.zeros(128, dtype=np.float32)
    common[0] = 1
    assert cohort.impostors_of(common, PRIOR).mean > usual.mean + 0.1


def test_the_person_themselves_is_no_impostor() -> None:
    vectors = crowd(100)
    cohort = Cohort.of(100, vectors)
    without = Cohort(100, np.delete(vectors, 7, axis=0), cohort.observed)
    face = again(vectors)[7]
    ours, theirs = (each.impostors_of(face, PRIOR) for each in (cohort, without))
    assert ours.mean == pytest.approx(theirs.mean, abs=1e-4)
    assert ours.deviation == pytest.approx(theirs.deviation, abs=1e-4)


@pytest.mark.parametrize("people", [50, 100, COHORT_SIZE])
@pytest.mark.parametrize("common", [0.0, 0.4])
def test_people_enrolled_twice_move_the_threshold_little(people: int, common: float) -> None:
    """Two in a hundred: the cohort then has them as different people."""
    vectors = crowd(people, common=common)
    twice = round(0.02 * people)
    doubled = np.concatenate([vectors[: people - twice], again(vectors)[:twice]])
    assert ((doubled[:twice] * doubled[-twice:]).sum(axis=1) > 0.5).all()
    for score in (4.0, 5.5):
        thresholds = []
        for enrolled in (vectors, doubled):
            cohort = Cohort.of(people, enrolled)
            probe, reference = (cohort.impostors_of(face, PRIOR) for face in crowd(2, common=common, seed=9))
            thresholds.append(similarity_at(score, probe, reference))
        assert abs(thresholds[1] - thresholds[0]) < 0.01


def test_a_broken_face_moves_it_little() -> None:
    vectors = crowd(100)
    broken = vectors.copy()
    broken[3] = broken[4]
    before, after = (Cohort.of(100, each).population(PRIOR) for each in (vectors, broken))
    assert after.mean == pytest.approx(before.mean, abs=1e-3)
    assert after.deviation == pytest.approx(before.deviation, abs=1e-3)


@pytest.mark.parametrize("people", [2, 3, 5, 100])
def test_one_face_under_many_names_is_still_matched(people: int) -> None:
    """As in a trial, or where a folder was imported twice."""
    face = np.random.default_rng(people).standard_normal(128).astype(np.float32)
    face /= np.linalg.norm(face)
    cohort = Cohort.of(people, np.tile(face, (people, 1)))
    impostors = cohort.impostors_of(face, PRIOR)
    assert -1 <= impostors.mean <= 1
    assert TABLE.threshold_between(1e-4, impostors, impostors) <= 0.95
