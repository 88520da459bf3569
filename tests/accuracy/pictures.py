"""What a camera would make of a head, or of a picture of one that is held before it."""

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from domain.faces import Image

SIDE = 360
"""Pixels of a frame, in each direction."""
_MARGIN = 40
"""Of the wall behind a photo that is held up."""


def framed(image: Image, side: int = SIDE) -> Image:
    """A view of a person, as large as frames are."""
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def nearer(image: Image, times: float) -> Image:
    """The middle of a frame, so many times as large."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, 0.45 * height), 0, times)
    warped = cv2.warpAffine(
        image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(warped, dtype=np.uint8)


def taken(image: Image, draw: Generator, *, hard: bool = False) -> bytes:
    """A JPEG file of a frame: a little elsewhere, brighter or darker, noisy.

    `hard`: more of that, and some are blurred by motion or badly compressed.
    """
    height, width = image.shape[:2]
    reach = 0.03 if hard else 0.015
    matrix = cv2.getRotationMatrix2D(
        (width / 2, height / 2), draw.uniform(-5, 5), draw.uniform(1 - reach, 1 + reach)
    )
    matrix[:, 2] += draw.uniform(-reach, reach, 2) * width
    frame = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    light = 0.3 if hard else 0.15
    frame = frame * draw.uniform(1 - light, 1 + light) + draw.normal(
        0, draw.uniform(1, 6 if hard else 3), frame.shape
    )
    if hard and draw.random() < 0.4:
        frame = _in_motion(frame, int(draw.integers(3, 8)), draw.uniform(0, 180))
    quality = int(draw.integers(40, 95) if hard else draw.integers(75, 95))
    _, data = cv2.imencode(
        ".jpg", np.clip(frame, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    return data.tobytes()


def _in_motion(frame: NDArray[np.float32], length: int, degrees: float) -> NDArray[np.float32]:
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), degrees, 1)
    line = np.asarray(cv2.warpAffine(line, turn, (length, length)), dtype=np.float32)
    return np.asarray(cv2.filter2D(frame, -1, line / line.sum()), dtype=np.float32)


def tilted(photo: Image, yaw: float, pitch: float, roll: float, distance: float) -> Image:
    """A flat photo turned in space, from a distance in its own widths: near ones show perspective."""
    height, width = photo.shape[:2]
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    placed = (
        np.column_stack([corners - [width / 2, height / 2], np.zeros(4)]) @ (about_z @ about_x @ about_y).T
    )
    away = distance * width
    seen = placed[:, :2] * away / (placed[:, 2:] + away) + [width / 2 + _MARGIN, height / 2 + _MARGIN]
    return _shown(
        photo,
        np.asarray(
            cv2.getPerspectiveTransform(corners.astype(np.float32), seen.astype(np.float32)), np.float64
        ),
    )


def sheared(photo: Image, draw: Generator) -> Image:
    """A flat photo stretched and sheared at random."""
    height, width = photo.shape[:2]
    matrix = np.eye(3)
    matrix[:2, :2] += draw.uniform(-0.5, 0.5, (2, 2)) * [[0.8, 1], [1, 0.8]]
    middle = np.array([width / 2, height / 2])
    matrix[:2, 2] = middle + _MARGIN - matrix[:2, :2] @ middle
    return _shown(photo, matrix)


def _shown(photo: Image, matrix: NDArray[np.float64]) -> Image:
    size = photo.shape[1] + 2 * _MARGIN, photo.shape[0] + 2 * _MARGIN
    return framed(
        np.asarray(cv2.warpPerspective(photo, matrix, size, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)
    )


def bent(photo: Image, arc: float, yaw: float) -> Image:
    """A photo bent to a part of a cylinder that stands upright, `arc` degrees of it, and turned, seen from afar."""
    height, width = photo.shape[:2]
    angles = np.radians(np.linspace(-arc / 2, arc / 2, width))
    radius = width / np.radians(arc)
    a = np.radians(yaw)
    across = radius * (np.sin(angles) * np.cos(a) - (np.cos(angles) - 1) * np.sin(a)) + width / 2
    columns = np.interp(np.arange(width), across, np.arange(width), left=-1, right=-1).astype(np.float32)
    rows = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, axis=1)
    seen = cv2.remap(photo, np.tile(columns, (height, 1)), rows, cv2.INTER_LINEAR)
    return framed(np.asarray(seen, dtype=np.uint8))
