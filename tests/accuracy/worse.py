"""Photos made worse in the ways in which cameras, senders and people do."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from domain.faces import Image

Picture = NDArray[np.floating | np.uint8]
_QUALITY = 92
"""Of the JPEG files."""


def made_worse(image: Image, way: str, draw: Generator) -> bytes:
    """A JPEG file of a photo in whose middle a face is; `way` is one of WAYS."""
    quality = int(draw.integers(3, 8)) if way == "badly compressed" else _QUALITY
    picture = np.clip(WAYS[way](image, draw), 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def _blurred(image: Image, draw: Generator) -> Picture:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), draw.uniform(1.5, 3)), np.uint8)


def _noisy(image: Image, draw: Generator) -> Picture:
    return image + draw.normal(0, draw.uniform(15, 35), image.shape)


def _barred(image: Image, draw: Generator) -> Picture:
    height = image.shape[0]
    top = int(height * draw.uniform(0.38, 0.62))
    picture = image.copy()
    picture[top : top + height // 18] = draw.integers(0, 255, 3)
    return picture


def _blocked(image: Image, draw: Generator) -> Picture:
    height, width = image.shape[:2]
    top, left = int(height * draw.uniform(0.38, 0.6)), int(width * draw.uniform(0.35, 0.55))
    picture = image.copy()
    picture[top : top + height // 8, left : left + width // 6] = draw.integers(0, 255, 3)
    return picture


def _lit_from_a_side(image: Image, draw: Generator) -> Picture:
    ramp = np.linspace(0.15, 1.3, image.shape[1])
    return image * (ramp if draw.random() < 0.5 else ramp[::-1])[None, :, None]


def _rotated(image: Image, draw: Generator) -> Picture:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), draw.uniform(-14, 14), 1)
    warped = cv2.warpAffine(
        image, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)


def _scaled(image: Image, across: float, down: float) -> Picture:
    how = cv2.INTER_CUBIC if across > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(image, None, fx=across, fy=down, interpolation=how), np.uint8)


def _small(image: Image, draw: Generator) -> Picture:
    scale = draw.uniform(70, 110) / max(image.shape[:2])
    return _scaled(image, scale, scale)


def _large(image: Image, _: Generator) -> Picture:
    scale = 1000 / max(image.shape[:2])
    return _scaled(image, scale, scale)


def _grey(image: Image, _: Generator) -> Picture:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)


WAYS: Mapping[str, Callable[[Image, Generator], Picture]] = {
    "blurred": _blurred,
    "noisy": _noisy,
    "badly compressed": lambda image, _: image,
    "a bar over the face": _barred,
    "a block over the face": _blocked,
    "light from a side": _lit_from_a_side,
    "70 to 110 pixels": _small,
    "dark": lambda image, draw: image * draw.uniform(0.08, 0.25),
    "rotated": _rotated,
    "stretched": lambda image, draw: _scaled(image, draw.uniform(0.8, 1.25), 1),
    "1 MP": _large,
    "grey": _grey,
}
