"""Which of an image's faces is meant."""

import numpy as np
import pytest

from application.analysis.selection import FaceSelection, select
from domain.errors import MultipleFaces, NoFaceDetected
from domain.faces import Box, DetectedFace

IMAGE = np.zeros((100, 100, 3), np.uint8)
SUBJECT = DetectedFace(Box(40, 30, 30, 40), 0.9)
NEIGHBOUR = DetectedFace(Box(2, 30, 20, 30), 0.9)
SMALL = DetectedFace(Box(2, 30, 20, 26), 0.9)
SMALL_IN_THE_MIDDLE = DetectedFace(Box(40, 40, 20, 24), 0.9)
SMALLER_IN_THE_MIDDLE = DetectedFace(Box(40, 40, 20, 20), 0.9)
CUT = DetectedFace(Box(-30, 20, 60, 80), 0.95)
CORNER = DetectedFace(Box(70, 70, 60, 60), 0.8)


def test_all_are_all() -> None:
    assert select([SUBJECT, CUT], FaceSelection.ALL, IMAGE) == [SUBJECT, CUT]
    assert select([], FaceSelection.ALL, IMAGE) == []


@pytest.mark.parametrize("selection", [FaceSelection.SINGLE, FaceSelection.LARGEST])
def test_of_none_there_is_none(selection: FaceSelection) -> None:
    with pytest.raises(NoFaceDetected):
        select([], selection, IMAGE)


def test_several_are_not_one() -> None:
    with pytest.raises(MultipleFaces, match="2 faces"):
        select([SUBJECT, NEIGHBOUR, CUT], FaceSelection.SINGLE, IMAGE)


def test_whom_the_border_cuts_off_is_beside_the_one_who_is_meant() -> None:
    assert select([CUT, SUBJECT], FaceSelection.SINGLE, IMAGE) == [SUBJECT]


def test_a_cut_face_alone_is_meant() -> None:
    assert select([CUT], FaceSelection.SINGLE, IMAGE) == [CUT]
    with pytest.raises(MultipleFaces):
        select([CUT, CORNER], FaceSelection.SINGLE, IMAGE)


@pytest.mark.parametrize("others", [[SMALL], [SMALLER_IN_THE_MIDDLE], [SMALL, SMALLER_IN_THE_MIDDLE]])
def test_who_is_much_smaller_is_not_the_subject(others: list[DetectedFace]) -> None:
    assert select([*others, SUBJECT], FaceSelection.SINGLE, IMAGE) == [SUBJECT]


def test_nearer_to_the_middle_the_subject_must_be_larger_still() -> None:
    with pytest.raises(MultipleFaces, match="plainly"):
        select([SUBJECT, SMALL_IN_THE_MIDDLE], FaceSelection.SINGLE, IMAGE)


def test_the_largest_is_the_one_with_most_pixels() -> None:
    assert select([CORNER, SUBJECT, NEIGHBOUR], FaceSelection.LARGEST, IMAGE) == [SUBJECT]
