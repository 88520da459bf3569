"""YuNet's network: from a batch of pixels to detections.

YuNet (Wu, Peng, Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023) predicts, for every cell of three
grids, a class and an objectness score, a box and five landmarks, all relative to the cell.
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from adapters.onnx.detectors.detections import Detections
from adapters.onnx.session import InferenceSession, Tensor
from domain.errors import BrokenModel
from domain.faces import Image

STRIDES = (8, 16, 32)
"""Pixels per cell of the three grids."""
_OUTPUTS = {stride: [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps")] for stride in STRIDES}
"""The network's, by grid."""
_MULTIPLE = 32
"""The network halves its input five times."""


class YuNetNetwork:
    """Runs a session of a YuNet file whose batch and size are free, and decodes its outputs."""

    def __init__(self, session: InferenceSession) -> None:
        """Take a session.

        Raises:
            BrokenModel: it doesn't have YuNet's twelve outputs.
        """
        if set(session.output_shapes) != set(chain.from_iterable(_OUTPUTS.values())):
            raise BrokenModel("The detection model's file is not of the YuNet family.")
        self._session = session

    def infer(self, pictures: Tensor, threshold: float) -> list[Detections]:
        """Detections in each of N pictures of one size.

        Args:
            pictures: N x 3 x H x W, BGR, 0..255; H and W are multiples of 32.
            threshold: minimum score, 0..1.
        """
        outputs = self._session.run(pictures)
        grids = [
            _Grid(
                stride,
                pictures.shape[3] // stride,
                _scores(outputs[cls], outputs[obj]),
                outputs[bbox],
                outputs[kps],
            )
            for stride, (cls, obj, bbox, kps) in _OUTPUTS.items()
        ]
        return [_decoded(grids, n, threshold) for n in range(len(pictures))]


def as_batch(pictures: list[NDArray[np.uint8]]) -> Tensor:
    """N pictures H x W x 3 uint8 of one size to N x 3 x H x W float32."""
    batch = np.empty((len(pictures), 3, *pictures[0].shape[:2]), dtype=np.float32)
    for planes, picture in zip(batch, pictures, strict=True):
        planes[...] = picture.transpose(2, 0, 1)
    return batch


def padded(image: Image) -> Image:
    """Black below and to the right, up to the next multiples of 32."""
    height, width = image.shape[:2]
    bottom, right = -height % _MULTIPLE, -width % _MULTIPLE
    if not bottom and not right:
        return image
    return np.asarray(cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_CONSTANT), dtype=np.uint8)


class _Grid(NamedTuple):
    """What the network says of the cells of one grid, in N pictures."""

    stride: int
    columns: int
    scores: Tensor
    """N x K."""
    boxes: Tensor
    """N x K x 4."""
    points: Tensor
    """N x K x 10."""


def _scores(classes: Tensor, objectness: Tensor) -> Tensor:
    """N x K, from N x K x 1 each."""
    scores: Tensor = np.sqrt((classes * objectness).clip(0, 1))[..., 0]
    return scores


def _decoded(grids: Sequence[_Grid], n: int, threshold: float) -> Detections:
    """The cells of a picture that have at least this score."""
    parts = [_NO_CELLS]
    # Grid by grid: in small pictures each has so few cells that numpy keeps the interpreter's lock.
    for grid in grids:
        scores = grid.scores[n]
        (rows,) = (scores >= threshold).nonzero()
        if not rows.size:
            continue
        cells = np.empty((rows.size, 2), dtype=np.float32)
        cells[:, 0], cells[:, 1] = rows % grid.columns, rows // grid.columns
        box = grid.boxes[n][rows]
        centres = (cells + box[:, :2]) * grid.stride
        sizes = np.exp(box[:, 2:]) * grid.stride
        landmarks = (grid.points[n][rows].reshape(-1, 5, 2) + cells[:, None]) * grid.stride
        parts.append((scores[rows], np.concatenate([centres - sizes / 2, sizes], axis=1), landmarks))
    scores, boxes, landmarks = map(np.concatenate, zip(*parts, strict=True))
    return Detections(scores, boxes, landmarks)


_NO_CELLS: tuple[Tensor, Tensor, Tensor] = (
    np.empty(0, dtype=np.float32),
    np.empty((0, 4), dtype=np.float32),
    np.empty((0, 5, 2), dtype=np.float32),
)
"""Scores, boxes and landmarks of none."""
