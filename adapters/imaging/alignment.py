"""Faces to normalised crops: a similarity transform (turn, scale, shift) to the places recognisers know."""

import cv2
import numpy as np
from numpy.typing import NDArray

from domain.faces import Box, Crop, DetectedFace, Image, Landmarks

SIDE = 112
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float32,
)
"""Eyes, nose tip and mouth corners in the 112 x 112 crop of ArcFace (Deng et al., 2019)."""
_MARGIN = 2
"""Pixels around the region that is warped, for the interpolation at its rim."""

Matrix = NDArray[np.float64]
"""2 x 3, affine, from pixels of the image to pixels of the crop."""


class SimilarityAligner:
    """Implements FaceAligner. What lies outside of the image is black in the crop."""

    def align(self, image: Image, face: DetectedFace) -> Crop:
        """See FaceAligner."""
        return warp(image, place(face))


def place(face: DetectedFace) -> Matrix:
    """From pixels of the image to pixels of the crop.

    Without landmarks, or with landmarks that all coincide, the box alone says where the face is.
    """
    matrix = None if face.landmarks is None else from_landmarks(face.landmarks)
    return from_box(face.box) if matrix is None else matrix


def from_landmarks(landmarks: Landmarks) -> Matrix | None:
    """The similarity that brings five landmarks nearest to the template, in the sense of least squares.

    Umeyama (1991) solves this for any dimension with a singular value decomposition; in the plane, with
    points as complex numbers, it is a linear regression w = a z + b. None when all landmarks coincide.
    """
    z = landmarks.astype(np.float64) @ [1, 1j]
    w = TEMPLATE.astype(np.float64) @ [1, 1j]
    centred = z - z.mean()
    spread = float(np.vdot(centred, centred).real)
    if not spread > 0:
        return None
    a = np.vdot(centred, w) / spread
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def from_box(box: Box) -> Matrix:
    """Where the template lies in a detector's box on average: the chin is at its lower edge."""
    scale = SIDE / max(box.height, box.width, 1e-3)
    centre_x, centre_y = box.x + box.width / 2, box.y + box.height / 2
    return np.array([[scale, 0, SIDE / 2 - scale * centre_x], [0, scale, SIDE / 2 - scale * centre_y]])


def warp(image: Image, matrix: Matrix, side: int = SIDE) -> Crop:
    """The square picture, `side` pixels wide, that a similarity takes from an image.

    A face larger than in the picture is shrunk by area averaging first: interpolation alone would skip pixels.
    """
    back = inverse(matrix)
    times = max(1, int(np.hypot(*back[:, 0])))  # pixels of the image a pixel of the picture, rounded down
    left, top, right, bottom = _extent(back, side, image.shape[1], image.shape[0], times)
    region = image[top:bottom, left:right]
    if not region.size:
        return np.zeros((side, side, 3), dtype=np.uint8)
    size = max(1, region.shape[1] // times), max(1, region.shape[0] // times)
    scale_x, scale_y = region.shape[1] / size[0], region.shape[0] / size[1]
    # From pixels of the shrunk region to pixels of the image; whole coordinates are a pixel's centre.
    to_image = np.array(
        [[scale_x, 0, left + (scale_x - 1) / 2], [0, scale_y, top + (scale_y - 1) / 2], [0, 0, 1]]
    )
    if times > 1:
        region = np.asarray(cv2.resize(region, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return np.asarray(
        cv2.warpAffine(region, matrix @ to_image, (side, side), flags=cv2.INTER_CUBIC), dtype=np.uint8
    )


def inverse(matrix: Matrix) -> Matrix:
    """From pixels of the picture to pixels of the image."""
    return np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]


def _extent(back: Matrix, side: int, width: int, height: int, times: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the image's pixels that a picture can see.

    Width and height are multiples of `times` where the image allows it: by whole numbers, shrinking is fast.
    """
    corners = np.array([[0, 0, 1], [side, 0, 1], [0, side, 1], [side, side, 1]]) @ back.T
    limits = np.array([width, height])
    low = np.clip(np.floor(corners.min(axis=0)) - _MARGIN, 0, limits)
    high = np.ceil(corners.max(axis=0)) + _MARGIN
    high = np.clip(high + (low - high) % times, 0, limits)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])
