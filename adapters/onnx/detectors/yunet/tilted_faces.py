"""Faces that are not upright, for YuNet, which was trained on upright ones.

The more a face is tilted, the less it scores, and the more its landmarks stay those of an upright face: at 60
degrees they are wrong. Of a face that is upside down it takes the mouth for the eyes. So a face that scores less
than upright faces do is detected again in views that are turned in twelve directions. Measured in docs/quality.md.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from adapters.onnx.detectors.detections import Candidates
from adapters.onnx.detectors.resizing import resized
from adapters.onnx.detectors.yunet.network import YuNetNetwork, as_batch
from domain.faces import Box, DetectedFace, Image, Landmarks

_UPRIGHT_SCORE = 0.9
"""98% of the upright faces of Labeled Faces in the Wild score as much, and 1% of them upside down ..."""
_LARGE = 150
_LARGE_UPRIGHT_SCORE = 0.91
"""... but upright faces that are so many pixels large to the detector score more, and so do those upside down."""
_UPRIGHT_ROLL = 10.0
"""Degrees of tilt, as the detector sees it, which is less than the tilt is."""
_UPRIGHT_SHAPE = 0.95
"""Width by height of a box; upright faces are higher than wide, and faces that lie on a side wider than high."""
_ANGLES = tuple(math.radians(30 * step) for step in range(12))
_SIDE = 128
"""Pixels of a view; more do no better."""
_SURROUNDINGS = 1.8
"""Its side, in longer sides of the face's box."""
_SOURCE = math.ceil(math.sqrt(2) * _SIDE)
"""Pixels of the square that views are cut from: wide enough for those that are turned."""
_SIMILAR = math.log(1.5)
"""By how much the longer side of a box may differ from what the first look said, as a logarithm."""
_LEAST = 0.3
"""The least score of a view that is compared."""
_GAIN = 0.01
"""By how much a turned view must score more than the upright one to be believed."""
_ANOTHER = 0.3
"""The greatest intersection over union of two faces: what is seen must not be a neighbour."""
_MOST = 4
"""The largest so many faces of an image are detected again: in a crowd, small ones score little as well."""


def straightened(
    network: YuNetNetwork, image: Image, faces: Sequence[DetectedFace], scale: float
) -> list[DetectedFace]:
    """The faces, in their order; those that are not upright as they look in the view in which they are.

    Args:
        network: what detects.
        image: H x W x 3.
        faces: what was found in it.
        scale: pixels of the picture in which they were found, by pixels of the image.
    """
    tilted = [n for n, face in enumerate(faces) if not _looks_upright(face, scale)]
    tilted.sort(key=lambda n: -faces[n].box.longer)
    found = list(faces)
    for n in tilted[:_MOST]:
        straight = _straightened(network, image, faces[n])
        if all(straight.box.overlap(other.box) < _ANOTHER for m, other in enumerate(faces) if m != n):
            found[n] = straight
    return found


def _looks_upright(face: DetectedFace, scale: float) -> bool:
    usual = _LARGE_UPRIGHT_SCORE if face.box.longer * scale >= _LARGE else _UPRIGHT_SCORE
    if face.score < usual or face.landmarks is None or face.box.width > _UPRIGHT_SHAPE * face.box.height:
        return False
    across, down = (face.landmarks[1] - face.landmarks[0]).tolist()
    return abs(math.degrees(math.atan2(down, across))) <= _UPRIGHT_ROLL


def _straightened(network: YuNetNetwork, image: Image, face: DetectedFace) -> DetectedFace:
    source, to_image = _source(image, face.box)
    views = [cv2.warpAffine(source, _to_view(angle), (_SIDE, _SIDE)) for angle in _ANGLES]
    batch = as_batch([np.asarray(view, dtype=np.uint8) for view in views])
    seen = [_in_middle(candidates) for candidates in network.candidates(batch, _LEAST)]
    scores = [float(candidates.scores.max(initial=0)) for candidates in seen]
    best = int(np.argmax(scores))
    if scores[best] < max(scores[0], face.score) + _GAIN:
        return face
    return _in_image(seen[best], _ANGLES[best], to_image)


def _source(image: Image, box: Box) -> tuple[Image, NDArray[np.float64]]:
    """A square picture of a face and its surroundings, black where the image ends.

    Returns:
        The picture, and the 2 x 3 matrix from its pixels to those of the image.
    """
    side = max(4, round(math.sqrt(2) * _SURROUNDINGS * box.longer))
    left, top = round(box.x + (box.width - side) / 2), round(box.y + (box.height - side) / 2)
    height, width = image.shape[:2]
    inside = image[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
    beyond = max(0, -top), max(0, top + side - height), max(0, -left), max(0, left + side - width)
    whole = cv2.copyMakeBorder(inside, *beyond, cv2.BORDER_CONSTANT)
    scale = side / _SOURCE
    shift = (scale - 1) / 2  # whole coordinates are a pixel's centre
    to_image = np.array([[scale, 0, left + shift], [0, scale, top + shift]])
    return resized(np.asarray(whole, dtype=np.uint8), _SOURCE, _SOURCE), to_image


def _to_view(angle: float) -> NDArray[np.float64]:
    """2 x 3: from pixels of the source to pixels of a view, in which it is turned counterclockwise."""
    cos, sin = math.cos(angle), math.sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    middle = (_SOURCE - 1) / 2
    return np.column_stack([turn, (_SIDE - 1) / 2 - turn @ [middle, middle]])


def _in_middle(candidates: Candidates) -> Candidates:
    """Those that may be the face which a view is of, as boxes of tilted faces are less exact than others.

    A neighbour's box is farther from the middle, or of another size.
    """
    sides = candidates.boxes[:, 2:]
    off_middle = np.abs(candidates.boxes[:, :2] + sides / 2 - _SIDE / 2).max(axis=1)
    expected = _SIDE / _SURROUNDINGS
    similar = np.abs(np.log(sides.max(axis=1) / expected)) < _SIMILAR
    return candidates.take(np.flatnonzero((off_middle < expected / 2) & similar))


def _in_image(seen: Candidates, angle: float, to_image: NDArray[np.float64]) -> DetectedFace:
    """The best face of a view. Its box is that of the ellipse which fills the box in the view."""
    (face,) = seen.take(np.array([seen.scores.argmax()])).faces(1, 1)
    back = np.asarray(cv2.invertAffineTransform(_to_view(angle)))
    box, scale = face.box, float(to_image[0, 0])

    def placed(points: NDArray[np.floating]) -> NDArray[np.float64]:
        moved = np.asarray(points, dtype=np.float64)
        for matrix in (back, to_image):
            moved = moved @ matrix[:, :2].T + matrix[:, 2]
        return moved

    x, y = placed(np.array([box.x + box.width / 2, box.y + box.height / 2])).tolist()
    cos, sin = math.cos(angle), math.sin(angle)
    width = scale * math.hypot(box.width * cos, box.height * sin)
    height = scale * math.hypot(box.width * sin, box.height * cos)
    landmarks: Landmarks | None = None
    if face.landmarks is not None:
        landmarks = placed(face.landmarks).astype(np.float32)
    return DetectedFace(Box(x - width / 2, y - height / 2, width, height), face.score, landmarks)
