"""Faces that are not upright, for YuNet, which was trained on upright ones.

The more a face is tilted, the lower its score, and the more its landmarks stay those of an upright face: at 60
degrees they are wrong. In a face that is upside down it takes the mouth for the eyes. So a face that scores lower
than upright faces do is detected again in views rotated in twelve directions. Measured in docs/quality.md.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from adapters.onnx.detectors.detections import Detections
from adapters.onnx.detectors.yunet.network import YuNetNetwork, as_batch
from adapters.onnx.detectors.yunet.regions import Region
from domain.faces import Box, DetectedFace, Image, Landmarks

_UPRIGHT_SCORE = 0.9
"""98% of the upright faces of Labeled Faces in the Wild reach this score, and 1% of them upside down ..."""
_LARGE = 150
_LARGE_UPRIGHT_SCORE = 0.91
"""... but faces of at least _LARGE pixels in the detector's picture score higher, upright or upside down."""
_UPRIGHT_ROLL = 10.0
"""Maximum tilt in degrees by the detector's landmarks, which understate it."""
_UPRIGHT_SHAPE = 0.95
"""Maximum ratio of width to height of an upright face's box."""
_ANGLES = tuple(math.radians(30 * step) for step in range(12))
_SIDE = 128
"""Pixels of a view; more are no better."""
_REGION = 1.8
"""Side of the region that a view shows, in longer sides of the face's box."""
_SOURCE = math.ceil(math.sqrt(2) * _SIDE)
"""Pixels of the square from which views are cut: large enough for rotated ones."""
_MAX_SIZE_DIFFERENCE = math.log(1.5)
"""Of the longer side of the box in a view from the original detection's, as a logarithm."""
_MIN_SCORE = 0.3
"""Of a detection in a view."""
_MIN_GAIN = 0.01
"""By which the best view's score must exceed the upright view's."""
_MAX_OVERLAP = 0.3
"""Maximum intersection over union of two faces: the new detection must not be a neighbour."""
_MAX_FACES = 4
"""Faces per image that are detected again, largest first: in a crowd, small faces have low scores as well."""


def redetect_tilted_faces(
    network: YuNetNetwork, image: Image, faces: Sequence[DetectedFace], scale: float
) -> list[DetectedFace]:
    """The faces, in their order; tilted ones as they are detected in the view in which they are upright.

    Args:
        network: the detection network.
        image: H x W x 3.
        faces: what was detected in it.
        scale: pixels of the picture in which they were detected per pixel of the image.
    """
    tilted = [n for n, face in enumerate(faces) if not is_upright(face, scale)]
    tilted.sort(key=lambda n: -faces[n].box.longer)
    found = list(faces)
    for n in tilted[:_MAX_FACES]:
        face = _redetected(network, image, faces[n])
        if all(face.box.overlap(other.box) < _MAX_OVERLAP for m, other in enumerate(faces) if m != n):
            found[n] = face
    return found


def is_upright(face: DetectedFace, scale: float) -> bool:
    """Whether a face that was detected at this scale is surely upright."""
    usual = _LARGE_UPRIGHT_SCORE if face.box.longer * scale >= _LARGE else _UPRIGHT_SCORE
    if face.score < usual or face.landmarks is None or face.box.width > _UPRIGHT_SHAPE * face.box.height:
        return False
    across, down = (face.landmarks[1] - face.landmarks[0]).tolist()
    return abs(math.degrees(math.atan2(down, across))) <= _UPRIGHT_ROLL


def _redetected(network: YuNetNetwork, image: Image, face: DetectedFace) -> DetectedFace:
    region = Region.around(face.box, math.sqrt(2) * _REGION)
    source = region.cut(image, _SOURCE)
    views = [cv2.warpAffine(source, _to_view(angle), (_SIDE, _SIDE)) for angle in _ANGLES]
    batch = as_batch([np.asarray(view, dtype=np.uint8) for view in views])
    detected = [_of_same_face(detections) for detections in network.infer(batch, _MIN_SCORE)]
    scores = [float(detections.scores.max(initial=0)) for detections in detected]
    best = int(np.argmax(scores))
    if scores[best] < max(scores[0], face.score) + _MIN_GAIN:
        return face
    return _best_in_image(detected[best], _ANGLES[best], region)


def _to_view(angle: float) -> NDArray[np.float64]:
    """2 x 3: from pixels of the source to pixels of a view, in which it is rotated counterclockwise."""
    cos, sin = math.cos(angle), math.sin(angle)
    rotation = np.array([[cos, sin], [-sin, cos]])
    middle = (_SOURCE - 1) / 2
    return np.column_stack([rotation, (_SIDE - 1) / 2 - rotation @ [middle, middle]])


def _of_same_face(detections: Detections) -> Detections:
    """Those in the middle of the view and of the expected size.

    The middle is wider than in `Detections.central`, as boxes of tilted faces are less exact.
    """
    sides = detections.boxes[:, 2:]
    off_centre = np.abs(detections.boxes[:, :2] + sides / 2 - _SIDE / 2).max(axis=1)
    expected = _SIDE / _REGION
    similar = np.abs(np.log(sides.max(axis=1) / expected)) < _MAX_SIZE_DIFFERENCE
    return detections.select(np.flatnonzero((off_centre < expected / 2) & similar))


def _best_in_image(detections: Detections, angle: float, region: Region) -> DetectedFace:
    """The best face of a view. Its box is that of the ellipse which fills the box in the view."""
    (face,) = detections.select(np.array([detections.scores.argmax()])).to_faces(1, 1)
    to_source = np.asarray(cv2.invertAffineTransform(_to_view(angle)))
    scale = region.side / _SOURCE
    box = face.box

    def to_image(points: NDArray[np.floating]) -> NDArray[np.float64]:
        in_source = np.asarray(points, dtype=np.float64) @ to_source[:, :2].T + to_source[:, 2]
        return (
            (in_source + 0.5) * scale - 0.5 + [region.left, region.top]
        )  # whole coordinates are a pixel's centre

    x, y = to_image(np.array([box.x + box.width / 2, box.y + box.height / 2])).tolist()
    cos, sin = math.cos(angle), math.sin(angle)
    width = scale * math.hypot(box.width * cos, box.height * sin)
    height = scale * math.hypot(box.width * sin, box.height * cos)
    landmarks: Landmarks | None = None
    if face.landmarks is not None:
        landmarks = to_image(face.landmarks).astype(np.float32)
    return DetectedFace(Box(x - width / 2, y - height / 2, width, height), face.score, landmarks)
