"""YuNet's network: from a batch of pixels to detections.

YuNet (Wu, Peng, Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023) predicts, for every cell of three
grids, a class and an objectness score, a box and five landmarks, all relative to the cell.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from adapters.onnx.detectors.detections import Detections
from adapters.onnx.session import InferenceSession, Tensor
from domain.errors import BrokenModel
from domain.faces import Image

STRIDES = (8, 16, 32)
"""Pixels per cell of the three grids."""
_KINDS = ("cls", "obj", "bbox", "kps")
_MULTIPLE = 32
"""The network halves its input five times."""


class YuNetNetwork:
    """Runs a session of a YuNet file whose batch and size are free, and decodes its outputs."""

    def __init__(self, session: InferenceSession) -> None:
        """Take a session.

        Raises:
            BrokenModel: it doesn't have YuNet's twelve outputs.
        """
        if set(session.output_shapes) != {f"{kind}_{stride}" for kind in _KINDS for stride in STRIDES}:
            raise BrokenModel("The detection model's file is not of the YuNet family.")
        self._session = session

    def infer(self, pictures: Tensor, threshold: float) -> list[Detections]:
        """Detections in each of N pictures of one size.

        Args:
            pictures: N x 3 x H x W, BGR, 0..255; H and W are multiples of 32.
            threshold: minimum score, 0..1.
        """
        outputs = self._session.run(pictures)
        classes, objectness, boxes, points = (
            np.concatenate([outputs[f"{kind}_{stride}"] for stride in STRIDES], axis=1) for kind in _KINDS
        )
        scores = np.sqrt(np.clip(classes * objectness, 0, 1))[..., 0]
        cells, strides = _grid(*pictures.shape[2:])
        return [
            _decode(boxes[n], points[n], scores[n], np.flatnonzero(scores[n] >= threshold), cells, strides)
            for n in range(len(pictures))
        ]


def as_batch(pictures: list[NDArray[np.uint8]]) -> Tensor:
    """N pictures H x W x 3 uint8 of one size to N x 3 x H x W float32."""
    batch = np.empty((len(pictures), 3, *pictures[0].shape[:2]), dtype=np.float32)
    for planes, picture in zip(batch, pictures, strict=True):
        for channel, plane in enumerate(cv2.split(picture)):
            planes[channel] = plane
    return batch


def padded(image: Image) -> Image:
    """Black below and to the right, up to the next multiples of 32."""
    height, width = image.shape[:2]
    bottom, right = -height % _MULTIPLE, -width % _MULTIPLE
    if not bottom and not right:
        return image
    return np.asarray(cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_CONSTANT), dtype=np.uint8)


def _decode(
    boxes: Tensor, points: Tensor, scores: Tensor, rows: NDArray[np.intp], cells: Tensor, strides: Tensor
) -> Detections:
    stride, cell, box = strides[rows], cells[rows], boxes[rows]
    centres = (cell + box[:, :2]) * stride
    sizes = np.exp(box[:, 2:]) * stride
    landmarks = (points[rows].reshape(-1, 5, 2) + cell[:, None]) * stride[:, None]
    return Detections(scores[rows], np.concatenate([centres - sizes / 2, sizes], axis=1), landmarks)


@lru_cache(maxsize=64)
def _grid(height: int, width: int) -> tuple[Tensor, Tensor]:
    """The cells of the three grids, joined: K x 2 (column, row), and K x 1 strides."""
    cells, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: height // stride, : width // stride].astype(np.float32)
        cells.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        strides.append(np.full((rows.size, 1), stride, dtype=np.float32))
    return np.concatenate(cells), np.concatenate(strides)
