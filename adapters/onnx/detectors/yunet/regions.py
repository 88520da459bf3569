"""Square regions around faces, which may reach beyond the image."""

from dataclasses import dataclass

import cv2
import numpy as np

from adapters.onnx.detectors.resizing import resized
from domain.faces import Box, Image

_MIN_SIDE = 4


@dataclass(frozen=True, slots=True)
class Region:
    """A square, in pixels of the image."""

    left: int
    top: int
    side: int

    @classmethod
    def around(cls, box: Box, factor: float) -> "Region":
        """Around the middle of a box; its side is `factor` longer sides of the box."""
        side = max(_MIN_SIDE, round(factor * box.longer))
        return cls(round(box.x + (box.width - side) / 2), round(box.y + (box.height - side) / 2), side)

    def cut(self, image: Image, side: int, *, mirror: bool = False) -> Image:
        """The region, scaled to `side` pixels; beyond the image it is black, or the image mirrored."""
        left, top, bottom, right = self.left, self.top, self.top + self.side, self.left + self.side
        height, width = image.shape[:2]
        inside = image[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
        if not inside.size:
            return np.zeros((side, side, 3), dtype=np.uint8)
        beyond = max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width)
        border = cv2.BORDER_REFLECT if mirror else cv2.BORDER_CONSTANT
        whole = cv2.copyMakeBorder(inside, *beyond, border)
        return resized(np.asarray(whole, dtype=np.uint8), side, side)
