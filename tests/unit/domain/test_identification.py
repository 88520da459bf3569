"""Whether a decision on an estimated embedding may be another one than on the embedding."""

import pytest

from domain.identification import (
    CERTAIN_SPREAD,
    COARSE_ERROR,
    ESTIMATE_ERROR,
    Decision,
    RankedPerson,
    coarse_error,
    verdict,
)
from domain.people import Face, FaceId, ProfileId

FACE = Face(FaceId(1), ProfileId(1), "Red", "colour", "colour", "default")
MARGIN = 0.02


def decided(similarities: list[float], threshold: float, lowest: float = 0.45) -> Decision:
    people = tuple(
        RankedPerson(ProfileId(number), "", similarity, FACE, similarity)
        for number, similarity in enumerate(similarities)
    )
    return Decision(verdict(people, threshold, MARGIN), people, threshold, lowest, None, len(people))


@pytest.mark.parametrize(
    ("similarities", "doubtful"),
    [
        ([], False),
        ([0.8], False),
        ([0.2], False),
        ([0.5 + ESTIMATE_ERROR + 0.001], False),
        ([0.5 - ESTIMATE_ERROR - 0.001], False),
        ([0.5 + ESTIMATE_ERROR - 0.001], True),
        ([0.5 - ESTIMATE_ERROR + 0.001], True),
        ([0.5], True),
        ([0.8, 0.3], False),
        ([0.8, 0.7], False),
        ([0.8, 0.8 - MARGIN - ESTIMATE_ERROR + 0.001], True),
        ([0.8, 0.79], True),
        ([0.2, 0.2], False),
    ],
)
def test_a_decision_near_a_bound_is_doubtful(similarities: list[float], doubtful: bool) -> None:  # noqa: FBT001
    assert decided(similarities, 0.5).doubtful(MARGIN, ESTIMATE_ERROR) is doubtful


@pytest.mark.parametrize(
    ("similarities", "doubtful"),
    [
        ([0.49, 0.48], True),
        ([0.49, 0.39], True),
        ([0.49, 0.37], False),
        ([0.49], False),
        ([0.42, 0.40], True),
        ([0.42, 0.34], False),
        ([0.32, 0.31], False),
    ],
)
def test_who_might_come_first_may_have_a_lower_threshold(
    similarities: list[float], *, doubtful: bool
) -> None:
    """A second person within the error of the first, and of the lowest threshold that there is."""
    assert decided(similarities, 0.6, 0.45).doubtful(MARGIN, 0.1) is doubtful


def test_without_a_margin_a_second_person_matters_as_well() -> None:
    """The estimate may name another one first."""
    assert decided([0.8, 0.79], 0.5).doubtful(0, ESTIMATE_ERROR)
    assert not decided([0.8, 0.7], 0.5).doubtful(0, ESTIMATE_ERROR)


@pytest.mark.parametrize(
    ("norm", "spread", "error"),
    [
        (1, CERTAIN_SPREAD, COARSE_ERROR),
        (1, 0, COARSE_ERROR),
        (1, 2 * CERTAIN_SPREAD, 2 * COARSE_ERROR),
        (0.8, CERTAIN_SPREAD, COARSE_ERROR / 0.64),
        (1.2, CERTAIN_SPREAD, COARSE_ERROR / 1.44),
    ],
)
def test_a_coarse_estimate_is_the_less_exact_the_less_certain_the_landmarks_and_the_shorter_the_embedding(
    norm: float, spread: float, error: float
) -> None:
    assert coarse_error(norm, spread) == pytest.approx(error)


def test_the_larger_the_error_the_more_is_doubtful() -> None:
    assert not decided([0.57], 0.5).doubtful(MARGIN, 0.06)
    assert decided([0.57], 0.5).doubtful(MARGIN, 0.08)
