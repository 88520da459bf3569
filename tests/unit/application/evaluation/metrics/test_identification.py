import numpy as np
import pytest

from application.evaluation.metrics.identification import identify


def unit(*degrees: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Directions in the plane; NaN is a face that was not found."""
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def test_by_hand() -> None:
    # People 0 to 3 are enrolled; the second photo of 3 is nearer to 0, that of 2 far from anyone.
    vectors = unit(0, 5, 90, 93, 180, 220, 270, 350, 20, 60, 130)
    people = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6])
    result = identify(vectors, people, fpir=0.34)
    assert result is not None
    assert (result.gallery, result.non_mated) == (4, 3)
    assert result.rank1.value == 0.75
    # Strangers are 20, 30 and 40 degrees off; one of the three may match.
    assert result.threshold == pytest.approx(np.cos(np.radians(30)))
    assert result.tpir is not None
    assert result.tpir.value == 0.5


def test_only_first_and_second_photos_count() -> None:
    vectors, people = unit(0, 1, 180, 90, 91), np.array([0, 0, 0, 1, 1])
    result = identify(vectors, people)
    assert result is not None
    assert result.rank1.value == 1


def test_photos_may_be_in_any_order_of_people() -> None:
    result = identify(unit(0, 90, 1, 91), np.array([1, 0, 1, 0]))
    assert result is not None
    assert result.rank1.value == 1


@pytest.mark.parametrize("lost", [0, 1])
def test_a_face_that_was_not_found_is_not_recognised(lost: int) -> None:
    vectors = unit(0, 1, 90, 91)
    vectors[lost] = np.nan
    result = identify(vectors, np.array([0, 0, 1, 1]))
    assert result is not None
    assert result.rank1.value == 0.5


def test_without_strangers_there_is_no_open_set() -> None:
    result = identify(unit(0, 1), np.array([0, 0]))
    assert result is not None
    assert (result.threshold, result.tpir) == (None, None)


def test_without_second_photos_there_is_nothing_to_identify() -> None:
    assert identify(unit(0, 90), np.array([0, 1])) is None
