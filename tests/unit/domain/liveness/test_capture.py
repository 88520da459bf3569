from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.faces import Box, Image
from domain.liveness.capture import (
    MINIFASNET_LIMITS,
    NO_LIMITS,
    Capture,
    CaptureLimits,
    UndeterminedReason,
    measure,
    surroundings,
)

GOOD = Capture(chroma=20, colour_variation=10, region=200, surroundings=2)
BOX = Box(150, 100, 100, 130)


@pytest.fixture
def scene() -> Image:
    """Patches of many colours and shades, each larger than what is averaged."""
    patches = np.random.default_rng(0).integers(0, 256, (8, 10, 3))
    return patches.repeat(50, axis=0).repeat(40, axis=1).astype(np.uint8)


def shades(image: Image, blue: float, green: float, red: float) -> Image:
    """The image's brightness in the shades of one colour."""
    grey: NDArray[np.float64] = image.mean(axis=2, keepdims=True)
    return np.clip(grey * [blue, green, red], 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("capture", "reasons"),
    [
        (GOOD, ()),
        (replace(GOOD, chroma=4.9), (UndeterminedReason.GREY,)),
        (replace(GOOD, colour_variation=1.4), (UndeterminedReason.GREY,)),
        (replace(GOOD, region=95), (UndeterminedReason.TOO_SMALL,)),
        (replace(GOOD, surroundings=1.19), (UndeterminedReason.TOO_CROPPED,)),
        (
            Capture(0, 0, 1, 1),
            (UndeterminedReason.GREY, UndeterminedReason.TOO_SMALL, UndeterminedReason.TOO_CROPPED),
        ),
    ],
)
def test_each_limit_has_its_reason(capture: Capture, reasons: tuple[UndeterminedReason, ...]) -> None:
    assert MINIFASNET_LIMITS.missed(capture) == reasons


def test_a_limit_itself_is_enough() -> None:
    limits = MINIFASNET_LIMITS
    least = Capture(limits.chroma, limits.colour_variation, limits.region, limits.surroundings)
    assert limits.missed(least) == ()


def test_without_limits_everything_can_be_judged() -> None:
    assert NO_LIMITS.missed(Capture(0, 0, 0, 0)) == ()


def test_a_grey_photo_has_no_colour(scene: Image) -> None:
    found = measure(shades(scene, 1, 1, 1), BOX)
    assert found.chroma == pytest.approx(0, abs=1e-9)
    assert found.colour_variation == pytest.approx(0, abs=1e-9)


def test_a_tinted_photo_has_the_shades_of_one_colour(scene: Image) -> None:
    found = measure(shades(scene, 0.6, 0.8, 0.95), BOX)
    assert found.chroma > 10
    assert found.colour_variation < 1


def test_noise_is_no_colour(scene: Image) -> None:
    noise = np.random.default_rng(1).normal(0, 8, scene.shape)
    noisy = np.clip(shades(scene, 1, 1, 1) + noise, 0, 255).astype(np.uint8)
    assert CaptureLimits(chroma=5, colour_variation=1.5).missed(measure(noisy, BOX)) == (
        UndeterminedReason.GREY,
    )


def test_a_colour_photo_has_many_colours(scene: Image) -> None:
    found = measure(scene, BOX)
    assert found.chroma > 20
    assert found.colour_variation > 20


def test_the_region_ends_with_the_photo() -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    wide = measure(image, Box(180, 180, 40, 40))
    assert (wide.region, wide.surroundings) == (108, pytest.approx(399 / 40))
    near = measure(image, Box(0, 0, 200, 300))
    assert near.surroundings == pytest.approx(399 / 300)
    assert near.region == 266


@pytest.mark.parametrize(
    "box", [Box(-40, -40, 60, 60), Box(500, 500, 60, 60), Box(-9, -9, 900, 900), Box(9, 9, 0, 0)]
)
def test_any_box_can_be_measured(scene: Image, box: Box) -> None:
    found = measure(scene, box)
    assert np.isfinite([found.chroma, found.colour_variation, found.region, found.surroundings]).all()


def test_a_pixel_is_an_image_too() -> None:
    assert measure(np.full((1, 1, 3), 9, np.uint8), Box(0, 0, 1, 1)).region == 1


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(100, 80, 40, 60), (80, 50, 160, 170)),
        (Box(5, 80, 40, 60), (0, 50, 80, 170)),  # moved to the right
        (Box(100, 230, 40, 60), (80, 180, 160, 300)),  # moved up
        (Box(350, 0, 40, 60), (320, 0, 400, 120)),
    ],
)
def test_the_box_is_enlarged_and_moved_inside(box: Box, expected: tuple[int, int, int, int]) -> None:
    assert surroundings(box, 400, 300, 2) == expected


def test_a_box_that_does_not_fit_is_enlarged_less_in_its_proportions() -> None:
    left, top, right, bottom = surroundings(Box(100, 100, 100, 150), 400, 300, 4)
    assert bottom - top == 299
    assert (right - left) / (bottom - top) == pytest.approx(100 / 150, abs=0.01)


@pytest.mark.parametrize(
    "box", [Box(-30, -30, 20, 20), Box(500, 10, 5, 5), Box(0, 0, 0, 0), Box(-9, -9, 900, 900)]
)
@pytest.mark.parametrize("size", [(1, 1), (2, 400), (400, 300)])
def test_there_is_always_something_to_see(box: Box, size: tuple[int, int]) -> None:
    left, top, right, bottom = surroundings(box, *size, 2.7)
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
