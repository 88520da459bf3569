"""RefiningAligner: its views, and the landmarks that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest

from adapters.imaging.alignment import SIDE, TEMPLATE, SimilarityAligner
from adapters.imaging.refinement import RefiningAligner
from domain.faces import Box, DetectedFace, Image, Landmarks

COLOURS = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255)], np.uint8)
"""Of the discs that stand for right eye, left eye, nose, right and left corner of the mouth."""


def scene(landmarks: Landmarks, radius: float, side: int = 400) -> Image:
    """A grey image with a disc at each landmark."""
    image = np.full((side, side, 3), 128, np.uint8)
    for (x, y), colour in zip(landmarks.tolist(), COLOURS.tolist(), strict=True):
        centre = round(x * 16), round(y * 16)
        cv2.circle(image, centre, round(radius * 16), colour, -1, cv2.LINE_AA, shift=4)
    return image


def turned(degrees: float, scale: float, middle: tuple[float, float]) -> Landmarks:
    """The template's landmarks, turned around the crop's middle, which comes to `middle`."""
    angle = np.deg2rad(degrees)
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray((TEMPLATE - SIDE / 2) @ rotation.T + np.array(middle), dtype=np.float32)


@dataclass
class DiscLocator:
    """Finds the discs, and calls that with the smaller x of a pair the right one, as a locator of faces does."""

    blind: tuple[int, ...] = ()
    """Numbers of the pictures in which nothing is located."""
    seen: list[Image] = field(default_factory=list)

    def locate(self, pictures: Sequence[Image]) -> list[Landmarks | None]:
        self.seen += pictures
        return [None if n in self.blind else ordered(discs(picture)) for n, picture in enumerate(pictures)]


def discs(picture: Image) -> Landmarks:
    distances = np.abs(picture[:, :, None].astype(int) - COLOURS).sum(axis=3)
    places = [np.argwhere(distances[..., n] < 60)[:, ::-1].mean(axis=0) for n in range(len(COLOURS))]
    return np.array(places, np.float32)


def ordered(points: Landmarks) -> Landmarks:
    eyes, mouth = sorted(points[:2].tolist()), sorted(points[3:].tolist())
    return np.array([*eyes, points[2].tolist(), *mouth], np.float32)


@pytest.mark.parametrize("degrees", [0, 30, -90, 180])
@pytest.mark.parametrize("scale", [0.7, 1.6])
def test_rough_landmarks_become_exact(degrees: float, scale: float) -> None:
    exact = turned(degrees, scale, (190, 210))
    rough = turned(degrees + 6, scale * 1.1, (186, 215))
    face = DetectedFace(Box(150, 160, 90, 100), 1.0, rough)
    refined = RefiningAligner(DiscLocator()).locate(scene(exact, 5 * scale), face).landmarks
    assert refined is not None
    assert np.abs(refined - exact).max() < 0.35 * scale


@pytest.mark.parametrize("scale", [2.5, 4.3, 8.9])
@pytest.mark.parametrize("middle", [(703, 691), (401, 953)], ids=["inside", "at the border"])
def test_large_faces_are_halved_to_the_same_landmarks(scale: float, middle: tuple[int, int]) -> None:
    exact = turned(20, scale, middle)
    face = DetectedFace(Box(0, 0, 90, 100), 1.0, turned(24, scale * 1.05, (middle[0] - 4, middle[1] + 5)))
    refined = RefiningAligner(DiscLocator()).locate(scene(exact, 5 * scale, 1401), face).landmarks
    assert refined is not None
    assert np.abs(refined - exact).max() < 0.35 * scale


def test_the_views_of_a_face_outside_the_image_are_black() -> None:
    locator = DiscLocator(blind=(0, 1, 2))
    landmarks = turned(0, 5, (-4000, 200))
    face = DetectedFace(Box(-4200, 0, 400, 400), 1.0, landmarks)
    assert RefiningAligner(locator).locate(scene(landmarks, 5), face).landmarks is landmarks
    assert [int(view.max()) for view in locator.seen] == [0, 0, 0]


def test_the_crop_is_made_with_the_refined_landmarks() -> None:
    exact = turned(20, 1.2, (200, 200))
    image = scene(exact, 6)
    rough = DetectedFace(Box(150, 150, 90, 100), 1.0, turned(10, 1.3, (205, 197)))
    crop = RefiningAligner(DiscLocator()).align(image, rough)
    expected = SimilarityAligner().align(image, DetectedFace(rough.box, 1.0, exact))
    assert np.abs(crop.astype(int) - expected).mean() < 1


def test_views_are_upright_squares_of_which_one_is_mirrored() -> None:
    exact = turned(-40, 1, (200, 200))
    locator = DiscLocator()
    RefiningAligner(locator).align(scene(exact, 5), DetectedFace(Box(150, 150, 90, 100), 1.0, exact))
    assert {view.shape for view in locator.seen} == {(192, 192, 3)}
    plain, mirrored, _ = (discs(view) for view in locator.seen)
    assert np.abs((plain[0] - plain[1])[1]) < 1
    assert plain[0, 0] < plain[1, 0]
    assert mirrored[0, 0] > mirrored[1, 0]


@pytest.mark.parametrize("blind", [(0, 1), (0, 2), (1, 2)])
def test_one_view_is_enough(blind: tuple[int, ...]) -> None:
    exact = turned(0, 1, (200, 200))
    face = DetectedFace(Box(150, 150, 90, 100), 1.0, turned(5, 1, (203, 200)))
    refined = RefiningAligner(DiscLocator(blind=blind)).locate(scene(exact, 5), face).landmarks
    assert refined is not None
    assert np.abs(refined - exact).max() < 0.5


def test_landmarks_stay_if_the_locator_finds_none() -> None:
    rough = turned(5, 1, (200, 200))
    face = DetectedFace(Box(150, 150, 90, 100), 1.0, rough)
    refined = RefiningAligner(DiscLocator(blind=(0, 1, 2))).locate(scene(rough, 5), face).landmarks
    assert refined is rough


def test_a_face_without_landmarks_gets_some() -> None:
    exact = turned(0, 1, (200, 200))
    face = DetectedFace(Box(145, 145, 110, 110), 1.0)
    refined = RefiningAligner(DiscLocator()).locate(scene(exact, 5), face).landmarks
    assert refined is not None
    assert np.abs(refined - exact).max() < 0.5
