"""Small faces in large images: the image in overlapping tiles, at a scale at which such faces are large enough.

In a picture of the whole image, faces that are small in relation to it have too few pixels for a network.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from application.ports.analysis import DETECTABLE_FACE
from domain.faces import Box, DetectedFace, Image

_MAX_STEP = 4.0
"""The greatest ratio of two consecutive scales; tiles overlap by the largest face that the coarser one misses."""
_NEGLIGIBLE_STEP = 1.1
_OVERLAP_MARGIN = 1.25
_BORDER = 2.0
"""A face whose box comes so near to where a tile is cut, in pixels of the picture, is cut as well."""
_SAME = 0.4
"""The least intersection over union of two boxes of one face."""
_INSIDE = 0.7
"""The share of a small box in another from which on it is part of that face."""

TileDetector = Callable[[Image, float], list[DetectedFace]]
"""The faces of a tile, in its pixels, from a picture of it at a scale."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of an image, in pixels; right and bottom are the first that don't belong to it."""

    left: int
    top: int
    right: int
    bottom: int

    def cuts(self, box: Box, image: Image, margin: float) -> bool:
        """Whether a face goes on in a neighbouring tile, as far as its box says."""
        height, width = image.shape[:2]
        return (
            (self.left > 0 and box.x < self.left + margin)
            or (self.top > 0 and box.y < self.top + margin)
            or (self.right < width and box.x + box.width > self.right - margin)
            or (self.bottom < height and box.y + box.height > self.bottom - margin)
        )


def detect_small(
    image: Image, detect: TileDetector, min_face: float, seen_scale: float, picture: tuple[int, int]
) -> list[tuple[DetectedFace, float]]:
    """Faces from `min_face` pixels up to those that are seen in the whole image, each with its scale.

    Args:
        image: H x W x 3.
        detect: detects the faces of a tile.
        min_face: the longer side of the smallest face's box, in pixels of the image.
        seen_scale: pixels of the picture, by pixels of the image, at which the whole image was seen.
        picture: the greatest height and width of a tile's picture.
    """
    found: list[tuple[DetectedFace, float]] = []
    for scale, step in _scales(seen_scale, min(1.0, DETECTABLE_FACE / min_face)):
        overlap = _OVERLAP_MARGIN * DETECTABLE_FACE * step / scale
        tiles = tiles_of(image, (picture[0] / scale, picture[1] / scale), overlap)
        level = [
            face
            for tile in tiles
            for face in _moved(detect(image[tile.top : tile.bottom, tile.left : tile.right], scale), tile)
            if not tile.cuts(face.box, image, _BORDER / scale)
        ]
        level.sort(key=lambda face: -face.score)
        found += [(face, scale) for face in unseen(level, [face for face, _ in found])]
    return found


def unseen(faces: Sequence[DetectedFace], known: Sequence[DetectedFace]) -> list[DetectedFace]:
    """Those of the faces, best score first, that are neither known, nor part of one that is, nor there twice."""
    new: list[DetectedFace] = []
    for face in faces:
        if not any(_same(face.box, other.box) for other in (*known, *new)):
            new.append(face)
    return new


def tiles_of(image: Image, largest: tuple[float, float], overlap: float) -> list[Tile]:
    """Equal tiles that cover the image, none higher or wider than `largest`, unless that is the overlap."""
    rows = list(_ranges(image.shape[0], largest[0], overlap))
    columns = list(_ranges(image.shape[1], largest[1], overlap))
    return [Tile(left, top, right, bottom) for top, bottom in rows for left, right in columns]


def _ranges(length: int, largest: float, overlap: float) -> Iterator[tuple[int, int]]:
    overlap = min(overlap, largest / 2)
    count = max(1, math.ceil((length - overlap) / (largest - overlap)))
    side = (length + (count - 1) * overlap) / count
    for n in range(count):
        start = n * (side - overlap)
        yield math.floor(start), min(length, math.ceil(start + side))


def _scales(seen: float, finest: float) -> Iterator[tuple[float, float]]:
    """Scales after the one at which the whole image was seen, and the ratio of each to the one before."""
    if finest <= _NEGLIGIBLE_STEP * seen:
        return
    steps = math.ceil(math.log(finest / seen, _MAX_STEP) - 1e-9)
    step = (finest / seen) ** (1 / steps)
    for n in range(1, steps + 1):
        yield seen * step**n, step


def _moved(faces: Sequence[DetectedFace], tile: Tile) -> Iterator[DetectedFace]:
    """Faces of a tile in pixels of the image."""
    corner = np.array([tile.left, tile.top], dtype=np.float32)
    for face in faces:
        box = Box(face.box.x + tile.left, face.box.y + tile.top, face.box.width, face.box.height)
        landmarks = None if face.landmarks is None else face.landmarks + corner
        yield DetectedFace(box, face.score, landmarks)


def _same(box: Box, other: Box) -> bool:
    overlap = box.overlap(other)
    shared = overlap / (1 + overlap) * (box.area + other.area)
    return overlap >= _SAME or (box.area < other.area and shared >= _INSIDE * box.area)
