"""Detecting small faces in large images: in overlapping tiles, at scales at which they are large enough.

Scaled down to a network's input, faces that are small in relation to the image have too few pixels.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.ports.analysis import DETECTABLE_FACE
from application.ports.workers import ensure_wanted
from domain.faces import Box, DetectedFace, Image

_MAX_STEP = 4.0
"""Maximum ratio of two consecutive scales; tiles overlap by the largest face that the coarser one misses."""
_NEGLIGIBLE_STEP = 1.1
GATED_STEP = 2.1
"""Maximum ratio of two scales at which the coarser pass tells where the finer one can detect anything."""
_OVERLAP_MARGIN = 1.25
_BORDER = 2.0
"""Distance from a tile's inner border, in pixels of the picture, below which a face counts as cut by it."""
_SAME = 0.4
"""Minimum intersection over union of two boxes of the same face."""
_INSIDE = 0.7
"""Minimum share of a box inside another for it to be part of that face."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of an image, in pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    def of(self, image: Image) -> Image:
        """Its pixels: a view."""
        return image[self.top : self.bottom, self.left : self.right]

    def moved(self, right: int, down: int) -> "Tile":
        """The same size, elsewhere."""
        return Tile(self.left + right, self.top + down, self.right + right, self.bottom + down)

    def cuts(self, box: Box, image: Image, margin: float) -> bool:
        """Whether a face may continue in a neighbouring tile."""
        height, width = image.shape[:2]
        return (
            (self.left > 0 and box.x < self.left + margin)
            or (self.top > 0 and box.y < self.top + margin)
            or (self.right < width and box.x + box.width > self.right - margin)
            or (self.bottom < height and box.y + box.height > self.bottom - margin)
        )


TileDetector = Callable[[Tile, float], list[DetectedFace]]
"""Detects the faces of a tile, in its pixels, at a scale."""
RegionFinder = Callable[[float], Sequence[Tile] | None]
"""The parts of an image that may show faces at a scale; None: it isn't known yet, and all tiles are wanted."""


def detect_small_faces(
    image: Image,
    detect: TileDetector,
    min_face: float,
    whole_scale: float,
    picture: tuple[int, int],
    regions: RegionFinder | None = None,
) -> list[tuple[DetectedFace, float]]:
    """Faces from `min_face` pixels up to the sizes that a pass over the whole image finds, each with its scale.

    Args:
        image: H x W x 3.
        detect: detects the faces of a tile.
        min_face: the longer side of the smallest face's box, in pixels of the image.
        whole_scale: pixels of the picture per pixel of the image, of the pass over the whole image.
        picture: maximum height and width of a tile's picture.
        regions: where faces may be. It is asked before each pass, the finest of which is GATED_STEP times as fine as
            the one before at most; None: anywhere.
    """
    found: list[tuple[DetectedFace, float]] = []
    for scale, step in _scales(whole_scale, min(1.0, DETECTABLE_FACE / min_face), gated=regions is not None):
        overlap = _OVERLAP_MARGIN * DETECTABLE_FACE * step / scale
        max_size = picture[0] / scale, picture[1] / scale
        parts = None if regions is None else regions(scale)
        if parts is None:
            tiles = tiles_of(image, max_size, overlap)
        else:
            tiles = [
                tile.moved(part.left, part.top)
                for part in parts
                for tile in tiles_of(part.of(image), max_size, overlap)
            ]
        level = [
            face
            for tile in _while_wanted(tiles)
            for face in moved(detect(tile, scale), tile)
            if not tile.cuts(face.box, image, _BORDER / scale)
        ]
        level.sort(key=lambda face: -face.score)
        found += [(face, scale) for face in new_faces(level, [face for face, _ in found])]
    return found


def _while_wanted(tiles: Sequence[Tile]) -> Iterator[Tile]:
    for tile in tiles:
        ensure_wanted()
        yield tile


def new_faces(faces: Sequence[DetectedFace], known: Sequence[DetectedFace]) -> list[DetectedFace]:
    """The faces without those that are known, part of a known one, or duplicates; best score first, as given.

    All comparisons with one face are made at once: a photo may show thousands.
    """
    boxes = np.empty((len(known) + len(faces), 4))
    count = 0
    for face in known:
        boxes[count] = _corners(face.box)
        count += 1
    new: list[DetectedFace] = []
    for face in faces:
        corners = _corners(face.box)
        if not _is_among(corners, boxes[:count]):
            new.append(face)
            boxes[count] = corners
            count += 1
    return new


def tiles_of(image: Image, max_size: tuple[float, float], overlap: float) -> list[Tile]:
    """Equal tiles that cover the image, not higher or wider than `max_size`; they overlap by half of it at most."""
    rows = list(_ranges(image.shape[0], max_size[0], overlap))
    columns = list(_ranges(image.shape[1], max_size[1], overlap))
    return [Tile(left, top, right, bottom) for top, bottom in rows for left, right in columns]


def _ranges(length: int, max_side: float, overlap: float) -> Iterator[tuple[int, int]]:
    overlap = min(overlap, max_side / 2)
    count = max(1, math.ceil((length - overlap) / (max_side - overlap)))
    side = (length + (count - 1) * overlap) / count
    for n in range(count):
        start = n * (side - overlap)
        yield math.floor(start), min(length, math.ceil(start + side))


def _scales(whole: float, finest: float, *, gated: bool) -> Iterator[tuple[float, float]]:
    """Scales after that of the pass over the whole image, and the ratio of each to the one before."""
    if finest <= _NEGLIGIBLE_STEP * whole:
        return
    full = finest / GATED_STEP if gated else finest
    before = whole
    if full > whole:
        steps = math.ceil(math.log(full / whole, _MAX_STEP) - 1e-9)
        step = (full / whole) ** (1 / steps)
        for n in range(1, steps + 1):
            before = whole * step**n
            yield before, step
    if gated:
        yield finest, finest / before


def moved(faces: Sequence[DetectedFace], tile: Tile) -> Iterator[DetectedFace]:
    """Faces of a tile in pixels of the image."""
    corner = np.array([tile.left, tile.top], dtype=np.float32)
    for face in faces:
        box = Box(face.box.x + tile.left, face.box.y + tile.top, face.box.width, face.box.height)
        landmarks = None if face.landmarks is None else face.landmarks + corner
        yield DetectedFace(box, face.score, landmarks)


def _corners(box: Box) -> NDArray[np.float64]:
    return np.array([box.x, box.y, box.x + box.width, box.y + box.height])


def _is_among(box: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    """Whether a box is the same face as one of K x 4 others, or part of it."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    shared = np.maximum(sides, 0).prod(axis=1)
    area, areas = (box[2:] - box[:2]).prod(), (others[:, 2:] - others[:, :2]).prod(axis=1)
    same = shared >= _SAME * (area + areas - shared)
    return bool((same | ((area < areas) & (shared >= _INSIDE * area))).any())
