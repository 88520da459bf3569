"""Draws the sample faces of `face-api demo`: `python -m tests.drawings`. They are nobody's likeness.

Drawn softly, they are found and told apart as photos are: the features were chosen so that those who are different
people to an eye are different people to the recogniser, too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from entrypoints.cli.demo import DRAWINGS

Colour = tuple[float, float, float]
"""Blue, green, red."""
Picture = NDArray[np.float32]
Mask = NDArray[np.uint8]

SIDE = 384
SCALE = 3
"""Pixels for each of 256 units, while it is drawn."""
CENTRE = 128


@dataclass(frozen=True)
class Features:
    """What makes a face; lengths in 256ths of the picture's side."""

    skin: Colour
    hair: Colour
    iris: Colour
    ground: Colour
    shirt: Colour
    width: float
    height: float
    eye_x: float
    eye_y: float
    eye_size: float
    brow: float
    brow_height: float
    brow_angle: float
    nose: float
    nose_y: float
    mouth: float
    mouth_y: float
    lips: float
    smile: float
    long_hair: bool = False
    bald: bool = False
    beard: Colour | None = None
    glasses: bool = False


PEOPLE = {
    "Noor": Features(
        skin=(70, 100, 150),
        hair=(30, 28, 30),
        iris=(90, 110, 60),
        ground=(200, 200, 200),
        shirt=(80, 80, 80),
        width=59.1,
        height=73.1,
        eye_x=23.9,
        eye_y=115.6,
        brow=3.6,
        mouth=20.4,
        nose=16.3,
        long_hair=True,
        smile=5.8,
        mouth_y=51.5,
        nose_y=29.6,
        eye_size=0.8,
        brow_height=11.0,
        brow_angle=-7.5,
        lips=1.23,
    ),
    "Robin": Features(
        skin=(50, 72, 110),
        hair=(190, 190, 195),
        iris=(90, 110, 60),
        ground=(190, 205, 190),
        shirt=(120, 80, 60),
        width=61.6,
        height=86.1,
        eye_x=21.5,
        eye_y=110.2,
        brow=7.5,
        mouth=28.5,
        nose=8.7,
        beard=(40, 42, 52),
        smile=3.8,
        mouth_y=54.5,
        nose_y=20.6,
        eye_size=1.02,
        brow_height=10.6,
        brow_angle=6.6,
        lips=1.11,
    ),
    "Kim": Features(
        skin=(150, 180, 220),
        hair=(40, 70, 150),
        iris=(150, 120, 70),
        ground=(205, 190, 170),
        shirt=(90, 60, 40),
        width=59.5,
        height=91.9,
        eye_x=31.2,
        eye_y=109.8,
        brow=5.6,
        mouth=18.4,
        nose=18.1,
        long_hair=True,
        glasses=True,
        smile=5.0,
        mouth_y=51.2,
        nose_y=24.8,
        eye_size=0.84,
        brow_height=17.0,
        brow_angle=-1.4,
        lips=0.72,
    ),
    "stranger": Features(
        skin=(70, 100, 150),
        hair=(30, 28, 30),
        iris=(40, 55, 85),
        ground=(190, 205, 190),
        shirt=(80, 80, 80),
        width=52.8,
        height=79.6,
        eye_x=22.8,
        eye_y=124.9,
        brow=4.8,
        mouth=21.3,
        nose=19.0,
        beard=(120, 130, 140),
        glasses=True,
        smile=7.9,
        mouth_y=49.1,
        nose_y=24.9,
        eye_size=1.03,
        brow_height=18.0,
        bald=True,
        brow_angle=9.7,
        lips=1.14,
    ),
}


class Drawing:
    """A picture to which soft shapes are added."""

    def __init__(self, ground: Colour) -> None:
        side = 256 * SCALE
        light = np.linspace(1.1, 0.8, side, dtype=np.float32)[:, None, None]
        self.picture: Picture = light * np.full((side, side, 3), ground, np.float32)

    def add(self, shape: Callable[[Mask], object], colour: Colour, blur: float, alpha: float = 1.0) -> None:
        """A shape, blurred by so many units."""
        mask = np.zeros(self.picture.shape[:2], np.uint8)
        shape(mask)
        soft = cv2.GaussianBlur(mask, (0, 0), blur * SCALE).astype(np.float32)[..., None] * (alpha / 255)
        self.picture = self.picture * (1 - soft) + np.asarray(colour, np.float32) * soft


def ellipse(
    x: float,
    y: float,
    rx: float,
    ry: float,
    *,
    arc: tuple[int, int] = (0, 360),
    line: float = 0,
    angle: float = 0,
) -> Callable[[Mask], object]:
    """A filled ellipse, or an arc of a line."""
    centre, axes = (int(x * SCALE), int(y * SCALE)), (int(rx * SCALE), int(ry * SCALE))
    thick = max(1, round(line * SCALE)) if line else -1
    return lambda mask: cv2.ellipse(mask, centre, axes, angle, *arc, 255, thick, cv2.LINE_AA)


def rectangle(left: float, top: float, right: float, bottom: float) -> Callable[[Mask], object]:
    """A filled rectangle."""
    one, other = (int(left * SCALE), int(top * SCALE)), (int(right * SCALE), int(bottom * SCALE))
    return lambda mask: cv2.rectangle(mask, one, other, 255, -1)


def without(shape: Callable[[Mask], object], hole: Callable[[Mask], object]) -> Callable[[Mask], object]:
    """A shape with a hole in it."""

    def cut(mask: Mask) -> None:
        shape(mask)
        inside = np.zeros_like(mask)
        hole(inside)
        mask[inside > 0] = 0

    return cut


def tone(colour: Colour, factor: float) -> Colour:
    """Darker or lighter."""
    blue, green, red = (min(255.0, part * factor) for part in colour)
    return blue, green, red


def draw(face: Features) -> NDArray[np.uint8]:
    """A portrait."""
    drawing = Drawing(face.ground)
    _head(drawing, face)
    for side in (-1, 1):
        _eye(drawing, face, side)
    _nose_and_mouth(drawing, face)
    if face.glasses:
        for side in (-1, 1):
            rim = ellipse(CENTRE + side * face.eye_x, face.eye_y + 1, 19, 15, line=2.2)
            drawing.add(rim, (40, 35, 35), 0.5)
        left, right = CENTRE - face.eye_x + 19, CENTRE + face.eye_x - 19
        drawing.add(rectangle(left, face.eye_y - 3, right, face.eye_y - 1), (40, 35, 35), 0.5)
    picture = cv2.resize(drawing.picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(1).normal(0, 2.5, picture.shape)
    grainy: NDArray[np.uint8] = np.clip(picture + noise, 0, 255).astype(np.uint8)
    return grainy


def _head(drawing: Drawing, face: Features) -> None:
    dark, w, h = tone(face.skin, 0.72), face.width, face.height
    if not face.bald:
        drawing.add(ellipse(CENTRE, 110, w + 16, h + (10 if face.long_hair else 6)), face.hair, 2)
    if face.long_hair:
        drawing.add(rectangle(CENTRE - w - 14, 108, CENTRE + w + 14, 223), face.hair, 5)
    drawing.add(ellipse(CENTRE, 270, 112, 58), face.shirt, 1)
    drawing.add(rectangle(103, 178, 153, 230), tone(dark, 1.1), 3)
    drawing.add(ellipse(CENTRE, 228, 27, 14), tone(dark, 1.1), 3)
    for side in (-1, 1):
        drawing.add(ellipse(CENTRE + side * (w + 1), 132, 8, 17), tone(dark, 1.15), 1.5)
    drawing.add(ellipse(CENTRE, CENTRE, w, h), face.skin, 1.5)
    for side in (-1, 1):
        drawing.add(ellipse(CENTRE + side * w * 0.82, 142, 12, 54), dark, 8, 0.7)
        drawing.add(ellipse(CENTRE + side * 32, 152, 14, 10), tone(face.skin, 0.95), 8, 0.5)
    drawing.add(ellipse(CENTRE, 86, 36, 16), tone(face.skin, 1.12), 10, 0.8)
    if face.beard is not None:
        below = ellipse(CENTRE, 168, w * 0.86, h * 0.52)
        drawing.add(without(below, ellipse(CENTRE, 142, w * 0.8, h * 0.36)), face.beard, 5, 0.85)
    if not face.bald:
        front = ellipse(CENTRE, 98, w + 5, h * 0.72)
        drawing.add(without(front, ellipse(134, 134, w * 0.97, h * 0.8)), face.hair, 1.5)


def _eye(drawing: Drawing, face: Features, side: int) -> None:
    dark, size = tone(face.skin, 0.72), face.eye_size
    x, y = CENTRE + side * face.eye_x, face.eye_y
    drawing.add(ellipse(x, y - 2, 17, 11), dark, 4, 0.7)
    drawing.add(ellipse(x, y, 11.5 * size, 6 * size), (238, 240, 243), 0.6)
    drawing.add(ellipse(x, y, 5.6 * size, 5.8 * size), face.iris, 0.5)
    drawing.add(ellipse(x, y, 2.6, 2.8), (15, 12, 10), 0.4)
    drawing.add(ellipse(x - 1.8, y - 2, 1.2, 1.2), (255, 255, 255), 0.3)
    drawing.add(ellipse(x, y, 12 * size, 6.6 * size, arc=(180, 360), line=1.8), (30, 25, 28), 0.5)
    drawing.add(ellipse(x, y, 11.5 * size, 6.2 * size, arc=(10, 170), line=0.9), tone(dark, 0.7), 0.6, 0.8)
    drawing.add(ellipse(x, y - 3, 14, 9, arc=(195, 345), line=0.9), tone(dark, 0.75), 0.6, 0.8)
    brow = ellipse(
        x + side, y - face.brow_height, 15, face.brow, arc=(190, 350), line=3.6, angle=side * face.brow_angle
    )
    drawing.add(brow, tone(face.hair, 0.8), 1.2, 0.95)


def _nose_and_mouth(drawing: Drawing, face: Features) -> None:
    dark, light = tone(face.skin, 0.72), tone(face.skin, 1.12)
    nose = CENTRE + face.nose_y
    drawing.add(ellipse(CENTRE + 5, 140, 4, face.nose_y * 0.73), dark, 4, 0.55)
    drawing.add(ellipse(CENTRE - 2, 138, 3, 22), light, 3, 0.8)
    drawing.add(ellipse(CENTRE, nose, face.nose, 6.5), dark, 4, 0.6)
    drawing.add(ellipse(CENTRE, nose - 3, face.nose * 0.5, 5), light, 3, 0.7)
    for side in (-1, 1):
        drawing.add(ellipse(CENTRE + side * face.nose * 0.5, nose + 3, 3.2, 1.8), tone(dark, 0.45), 1, 0.9)
    y, (blue, green, red) = CENTRE + face.mouth_y, face.skin
    lips = blue * 0.62, green * 0.55, red * 0.85
    drawing.add(ellipse(CENTRE, y - 2, face.mouth, 5 * face.lips), lips, 1.2, 0.95)
    drawing.add(ellipse(CENTRE, y + 3, face.mouth * 0.82, 6 * face.lips), tone(lips, 1.12), 1.4, 0.95)
    line = ellipse(CENTRE, y - face.smile, face.mouth * 1.05, face.smile + 1, arc=(15, 165), line=1.5)
    drawing.add(line, tone(lips, 0.4), 0.7, 0.95)
    drawing.add(ellipse(CENTRE, y + 14, 15, 4), dark, 4, 0.5)


def main(folder: Path = DRAWINGS) -> None:
    """Write all of them."""
    for name, features in PEOPLE.items():
        path = folder / ("" if name == "stranger" else "people") / f"{name}.webp"
        cv2.imwrite(str(path), draw(features), [cv2.IMWRITE_WEBP_QUALITY, 85])


if __name__ == "__main__":
    main()
