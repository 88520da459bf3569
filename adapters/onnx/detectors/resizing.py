"""Scaling images for networks."""

import cv2
import numpy as np

from domain.faces import Image


def resized(image: Image, width: int, height: int) -> Image:
    """Linear interpolation, after halving as often as possible so that no pixel is skipped.

    Area averaging looks as smooth, but takes ten times as long for factors that aren't whole numbers.
    """
    while image.shape[1] > 2 * width and image.shape[0] > 2 * height:
        image = _interpolated(image, -(-image.shape[1] // 2), -(-image.shape[0] // 2))
    return image if image.shape[:2] == (height, width) else _interpolated(image, width, height)


def scaled(image: Image, scale: float) -> Image:
    """`resized` by the same factor in both directions, to at least one pixel."""
    return resized(image, max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))


def _interpolated(image: Image, width: int, height: int) -> Image:
    # OpenCV would take the interpreter's lock, which it has given up, to make the array itself.
    result = np.empty((height, width, 3), dtype=np.uint8)
    cv2.resize(image, (width, height), result, interpolation=cv2.INTER_LINEAR)
    return result
