"""Where small faces may be, as far as a pass tells that is too coarse to detect them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.onnx.detectors.detections import Detections
from adapters.onnx.detectors.tiles import GATED_STEP, Tile
from domain.faces import Image

FLOOR = 0.005
"""Minimum score that a face leaves in a pass in which it has 16 pixels. Measured in
docs/decisions/0004-inference-engines.md."""
_LIKELY = 0.3
"""Score from which on a large suspect counts, too."""
_SMALL = 64
"""Maximum pixels of other suspects in that pass: what seems larger can't be a face that is so small."""
_BLOCK = 16
"""Pixels of the picture, in which regions are measured."""
_MARGIN = 4
"""Blocks around the one in which a suspect's middle is. A face of 64 pixels and its surroundings are in them."""
_ROUNDING = 1 + 1e-6
_MOST = 0.7
"""Share of the image from which on regions aren't worth their overlaps."""
_DENSE = 16
_MOST_PLACES = 2000
"""With more suspects than one in _DENSE blocks, or than so many, all of the image is looked at: it takes time to join
them."""


@dataclass(frozen=True, slots=True, eq=False)
class Suspects:
    """The middles of what may be faces."""

    middles: NDArray[np.float32]
    """K x 2: x and y, in shares of the image's width and height."""

    @classmethod
    def of(cls, detections: Detections, picture: Image) -> "Suspects":
        """What was detected in a picture of the whole image, or of a tile, from a score of FLOOR on."""
        small = detections.boxes[:, 2:].max(axis=1, initial=0) <= _SMALL
        detections = detections.select(np.flatnonzero(small | (detections.scores >= _LIKELY)))
        middles = detections.boxes[:, :2] + detections.boxes[:, 2:] / 2
        height, width = picture.shape[:2]
        return cls(np.clip(middles / np.array([width, height], dtype=np.float32), 0, 1))

    def moved(self, tile: Tile, image: Image) -> "Suspects":
        """Those of a tile, in shares of the image."""
        size = np.array(image.shape[1::-1], dtype=np.float32)
        sides = np.array([tile.right - tile.left, tile.bottom - tile.top], dtype=np.float32)
        corner = np.array([tile.left, tile.top], dtype=np.float32)
        return Suspects((self.middles * sides + corner) / size)

    def regions(self, image: Image, scale: float) -> list[Tile]:
        """Parts of the image that show them all, with their surroundings.

        Args:
            image: H x W x 3.
            scale: pixels of the picture in which they are to be detected, per pixel of the image.
        """
        height, width = image.shape[:2]
        block = _BLOCK / scale
        rows, columns = math.ceil(height / block), math.ceil(width / block)
        places = (self.middles * np.array([width, height], dtype=np.float32) / block).astype(np.intp)
        found = _rectangles(np.unique(places, axis=0), columns, rows)
        if found is None:
            return [Tile(0, 0, width, height)]
        return [
            Tile(
                math.floor(left * block),
                math.floor(top * block),
                min(width, math.ceil(right * block)),
                min(height, math.ceil(bottom * block)),
            )
            for left, top, right, bottom in found.tolist()
        ]


class Gate:
    """Tells from each pass over a whole image where the next one, if that is not much finer, is worth it."""

    def __init__(self, image: Image, scale: float, suspects: Suspects) -> None:
        """Begin.

        Args:
            image: H x W x 3.
            scale: pixels of the picture of the first pass, per pixel of the image.
            suspects: of that pass.
        """
        self._image = image
        self._scale = scale
        self._suspects = [suspects]

    def regions(self, scale: float) -> list[Tile] | None:
        """Those of a pass at this scale; None: it is to see the whole image, and its suspects are to be noted."""
        if scale <= GATED_STEP * self._scale * _ROUNDING:
            middles = np.concatenate([each.middles for each in self._suspects])
            return Suspects(middles).regions(self._image, scale)
        self._scale, self._suspects = scale, [Suspects(np.empty((0, 2), dtype=np.float32))]
        return None

    def note(self, suspects: Suspects, tile: Tile, scale: float) -> None:
        """What a pass suspects in a tile, in shares of it."""
        if scale == self._scale:
            self._suspects.append(suspects.moved(tile, self._image))


def _rectangles(places: NDArray[np.intp], columns: int, rows: int) -> NDArray[np.intp] | None:
    """Few small rectangles, left, top, right and bottom in blocks, with all places and what is around them.

    None if they come near the whole in size, or if there are too many.
    """
    if len(places) > min(_MOST_PLACES, rows * columns / _DENSE):
        return None
    whole = np.array([columns, rows])
    low, high = np.maximum(places - _MARGIN, 0), np.minimum(places + _MARGIN + 1, whole)
    found = np.empty((len(places), 4), dtype=np.intp)
    count = total = 0
    for window in np.concatenate([low, high], axis=1):
        own = _areas(window)
        if count:
            known = found[:count]
            joined = np.concatenate(
                [np.minimum(known[:, :2], window[:2]), np.maximum(known[:, 2:], window[2:])], axis=1
            )
            growth = _areas(joined) - _areas(known)
            best = int(growth.argmin())
            if growth[best] <= own:
                found[best] = joined[best]
                total += int(growth[best])
                if total > _MOST * rows * columns:
                    return None
                continue
        found[count] = window
        count += 1
        total += int(own)
        if total > _MOST * rows * columns:
            return None
    return found[:count]


def _areas(rectangles: NDArray[np.intp]) -> NDArray[np.intp]:
    sides = rectangles[..., 2:] - rectangles[..., :2]
    return np.asarray(sides[..., 0] * sides[..., 1])
