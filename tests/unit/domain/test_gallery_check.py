import numpy as np
import pytest

from domain.gallery_check import MisfitRule, own_fit

RULE = MisfitRule(match=3.7, unlike=2.3)
NOBODY = -np.inf


def suspects(own: list[float], other: list[float]) -> list[int]:
    return [row for row, _ in RULE.suspects(np.array(own), np.array(other))]


def test_faces_that_fit_are_not_doubted_whomever_else_they_resemble() -> None:
    assert suspects([6, 4, 5], [9, 9, 9]) == []


def test_a_face_that_fits_somebody_else_much_better_is_theirs() -> None:
    assert suspects([6, 6, 1], [NOBODY, NOBODY, 5]) == [2]
    assert suspects([6, 6, 3], [NOBODY, NOBODY, 4]) == []


def test_a_face_that_fits_nobody_is_doubted_if_it_is_far_from_its_person() -> None:
    assert suspects([6, 6, 2], [NOBODY, 3, 1]) == [2]
    assert suspects([6, 6, 3], [NOBODY, 3, 1]) == []


def test_of_two_faces_the_one_that_fits_somebody_else_is_wrong() -> None:
    assert suspects([0, 0], [NOBODY, 6]) == [1]


def test_of_two_faces_that_fit_nobody_one_is_answered() -> None:
    assert len(suspects([0, 0], [NOBODY, NOBODY])) == 1


def test_the_surest_comes_first() -> None:
    found = RULE.suspects(np.array([6, 6, 6, 6, 1, 0]), np.array([0, 0, 0, 0, 6, 6]))
    assert found == [(5, 6.0), (4, 5.0)]


def test_one_wrong_face_does_not_spoil_the_fit_of_the_others() -> None:
    wrong = -np.inf
    scores = np.array([[wrong, 7, 0], [7, wrong, 1], [0, 1, wrong]])
    own, columns = own_fit(scores)
    assert own.tolist() == [7, 7, 1]
    assert columns.tolist() == [1, 0, 1]


@pytest.mark.parametrize(("others", "median"), [([3.0], 3), ([3, 2], 3), ([3, 2, 1], 2), ([4, 3, 2, 1], 3)])
def test_the_median_is_the_upper_one(others: list[float], median: float) -> None:
    own, _ = own_fit(np.array([[-np.inf, *others]]))
    assert own.tolist() == [median]
