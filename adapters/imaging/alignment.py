"""Aligning faces: a similarity transform to the crop that recognisers are trained on."""

import math

import cv2
import numpy as np
from typing_extensions import override

from adapters.imaging.similarity import Similarity
from application.ports.analysis import FaceAligner
from application.stages import Stage, timed
from domain.faces import Box, Crop, DetectedFace, Image, Landmarks

SIDE = 112
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float32,
)
"""Eyes, nose tip and mouth corners in the 112 x 112 crop of ArcFace (Deng et al., 2019)."""
_MARGIN = 2
"""Pixels around the region that is warped, for the interpolation at its border."""


class SimilarityAligner(FaceAligner):
    """Aligns by the detector's landmarks. Pixels outside of the image are black in the crop."""

    @override
    @timed(Stage.ALIGN)
    def align(self, image: Image, face: DetectedFace) -> Crop:
        return warp(image, to_template(face))

    @override
    def locate(self, image: Image, face: DetectedFace) -> DetectedFace:
        return face


def to_template(face: DetectedFace) -> Similarity:
    """From pixels of the image to pixels of the crop.

    By the box, if there are no landmarks or they all coincide.
    """
    found = None if face.landmarks is None else from_landmarks(face.landmarks)
    return found or from_box(face.box)


def from_landmarks(landmarks: Landmarks) -> Similarity | None:
    """The least-squares similarity from five landmarks to the template.

    Umeyama (1991) solves this in any dimension with a singular value decomposition; in the plane, with points as
    complex numbers, it is a linear regression w = a z + b. None if all landmarks coincide.
    """
    z = as_points(landmarks)
    middle = sum(z) / len(z)
    centred = [point - middle for point in z]
    spread = sum([abs(point) ** 2 for point in centred])
    if not spread > 0:
        return None
    a = sum([point.conjugate() * w for point, w in zip(centred, _PLACES, strict=True)]) / spread
    return Similarity(a, _MIDDLE - a * middle) if a else None


def from_box(box: Box) -> Similarity:
    """From a detector's box to the template, on average: the chin is at the box's lower edge."""
    scale = SIDE / max(box.longer, 1e-3)
    return Similarity(scale, _CENTRE - scale * complex(box.x + box.width / 2, box.y + box.height / 2))


def warp(image: Image, to_picture: Similarity, side: int = SIDE) -> Crop:
    """A square picture, `side` pixels wide, of an image.

    A face that is larger than in the picture is reduced by area averaging first: interpolation would skip pixels.
    """
    times = _reduction(to_picture)
    region, left, top = _visible(image, to_picture, side, times)
    if not region.size:
        return np.zeros((side, side, 3), dtype=np.uint8)
    size = max(1, region.shape[1] // times), max(1, region.shape[0] // times)
    scale_x, scale_y = region.shape[1] / size[0], region.shape[0] / size[1]
    if times > 1:
        region = _reduced(region, size)
    # From pixels of the reduced region; whole coordinates are a pixel's centre.
    matrix = to_picture.matrix()
    matrix[:, 2] += matrix[:, :2] @ [left + (scale_x - 1) / 2, top + (scale_y - 1) / 2]
    matrix[:, :2] *= scale_x, scale_y
    picture = np.empty((side, side, 3), dtype=np.uint8)
    cv2.warpAffine(region, matrix, (side, side), picture, flags=cv2.INTER_CUBIC)
    return picture


def visible_part(
    image: Image, widest: Similarity, closest: Similarity, side: int
) -> tuple[Image, Similarity]:
    """The part of an image that several pictures show, as small as the closest picture allows.

    It is reduced by halving, which is the fastest way.

    Returns:
        The part, and the transform from pixels of the image to pixels of the part.
    """
    halvings = _reduction(closest).bit_length() - 1
    times = 1 << halvings
    part, left, top = _visible(image, widest, side, times)
    width, height = part.shape[1] // times * times, part.shape[0] // times * times
    if not width or not height:
        return part, Similarity(1, -complex(left, top))
    part = part[:height, :width]
    for _ in range(halvings):
        half = part.shape[1] // 2, part.shape[0] // 2
        part = _reduced(part, half)
    centre = (times - 1) / 2
    return part, Similarity(1 / times, -complex(left + centre, top + centre) / times)


def as_points(landmarks: Landmarks) -> list[complex]:
    """Landmarks as complex numbers x + iy."""
    return [complex(x, y) for x, y in landmarks.tolist()]


def _reduced(image: Image, size: tuple[int, int]) -> Image:
    """By area averaging, to a width and height."""
    # OpenCV would take the interpreter's lock, which it has given up, to make the array itself.
    result = np.empty((size[1], size[0], 3), dtype=np.uint8)
    cv2.resize(image, size, result, interpolation=cv2.INTER_AREA)
    return result


def _reduction(to_picture: Similarity) -> int:
    """Pixels of the image per pixel of the picture, rounded down except for numerical errors."""
    return max(1, int(1 / abs(to_picture.factor) + 1e-6))


def _visible(image: Image, to_picture: Similarity, side: int, times: int) -> tuple[Image, int, int]:
    """The pixels of the image that a picture shows, and the place of the first: left, top.

    Width and height are multiples of `times` where the image allows it: reducing by whole numbers is fast.
    """
    corners = list(map(to_picture.inverse(), (0, side, side * 1j, side * (1 + 1j))))
    left, right = _range([corner.real for corner in corners], image.shape[1], times)
    top, bottom = _range([corner.imag for corner in corners], image.shape[0], times)
    return image[top:bottom, left:right], left, top


def _range(places: list[float], limit: int, times: int) -> tuple[int, int]:
    low = min(max(math.floor(min(places)) - _MARGIN, 0), limit)
    high = math.ceil(max(places)) + _MARGIN
    return low, min(max(high + (low - high) % times, 0), limit)


_PLACES = as_points(TEMPLATE)
_MIDDLE = sum(_PLACES) / len(_PLACES)
_CENTRE = complex(SIDE / 2, SIDE / 2)
