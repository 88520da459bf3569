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


def _moved(image: Image, draw: Generator) -> Picture:
    length = int(draw.integers(5, 15))
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1
    turn = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), draw.uniform(0, 180), 1)
    kernel = cv2.warpAffine(line, turn, (length, length))
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


def _curved(image: Image, draw: Generator) -> Picture:
    exponent = draw.uniform(1.6, 2.6)
    return 255 * (image / 255) ** (exponent if draw.random() < 0.5 else 1 / exponent)


def _tinted(image: Image, draw: Generator) -> Picture:
    return image * draw.uniform(0.55, 1.35, 3)


def _cut(image: Image, draw: Generator) -> Picture:
    width = image.shape[1]
    cut = int(width * draw.uniform(0.3, 0.42))
    return image[:, cut:] if draw.random() < 0.5 else image[:, : width - cut]


def _upscaled(image: Image, draw: Generator) -> Picture:
    scale = draw.uniform(45, 80) / max(image.shape[:2])
    small = np.asarray(_scaled(image, scale, scale), np.uint8)
    return _scaled(small, 1 / scale, 1 / scale)


def _foggy(image: Image, draw: Generator) -> Picture:
    share = draw.uniform(0.2, 0.5)
    return share * image + (1 - share) * draw.uniform(120, 220)


def _sharpened(image: Image, draw: Generator) -> Picture:
    smooth = cv2.GaussianBlur(image, (0, 0), 1.5).astype(np.float32)
    return image + draw.uniform(1.5, 4) * (image - smooth)


def _from_aside(image: Image, draw: Generator) -> Picture:
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + draw.uniform(-0.14, 0.14, (4, 2)).astype(np.float32) * (width, height)
    warp = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    warped = cv2.warpPerspective(
        image, warp, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, np.uint8)


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
    "moved": _moved,
    "gamma": _curved,
    "colour cast": _tinted,
    "cut by the border": _cut,
    "upscaled from 45 to 80 pixels": _upscaled,
    "foggy": _foggy,
    "sharpened": _sharpened,
    "from aside": _from_aside,
}
