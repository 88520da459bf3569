"""The family `scrfd`.

SCRFD (Guo et al., "Sample and Computation Redistribution for Efficient Face Detection", 2021) with keypoints,
as InsightFace exports it in any of its sizes. For every anchor of every cell of its grids it predicts a score,
the distances from the cell to the four sides of a box and the offsets of five landmarks, in strides. Exports
differ in the order, the names and the rank of the outputs; the number of columns tells what an output is, and
the number of rows, which is the finer grid.
"""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from math import ceil

import cv2
import numpy as np

from adapters.onnx.detectors.detections import Candidates
from adapters.onnx.detectors.letterbox import FittingDetector, picture_size
from adapters.onnx.session import InferenceSession, Tensor
from domain.errors import BrokenModel
from domain.faces import Image

_FINEST_STRIDE = 8
"""Pixels a cell of the first grid; each further one has twice that."""
_SCORE, _BOX, _LANDMARKS = 1, 4, 10
"""Columns of the outputs."""
_THRESHOLD = 0.5
_OVERLAP = 0.4
_OTHER = "The detection model's file is not of the SCRFD family."


class ScrfdNetwork:
    """Implements DetectorNetwork."""

    def __init__(self, session: InferenceSession) -> None:
        """Take a session.

        Raises:
            BrokenModel: it hasn't scores, boxes and landmarks for each of its grids.
        """
        size = picture_size(session)
        shapes = [shape for shape in session.output_shapes.values() if len(shape) > 1]
        columns = Counter(shape[-1] for shape in shapes)
        rows = [shape[-2] for shape in shapes if shape[-1] == _SCORE]
        if size is None or not rows or columns != Counter((_SCORE, _BOX, _LANDMARKS) * len(rows)):
            raise BrokenModel(_OTHER)
        if not _fits(size, sorted(filter(None, rows), reverse=True)):
            raise BrokenModel(_OTHER)
        self._session = session
        self._size = size

    @property
    def picture_size(self) -> tuple[int, int]:
        """See DetectorNetwork."""
        return self._size

    def candidates(self, picture: Image, threshold: float) -> Candidates:
        """See DetectorNetwork. The network sees RGB, (x - 127.5) / 128."""
        batch = cv2.dnn.blobFromImage(picture, 1 / 128, mean=(127.5, 127.5, 127.5), swapRB=True)
        outputs = self._session.run(np.asarray(batch, dtype=np.float32))
        grids = [_of_columns(outputs, columns) for columns in (_SCORE, _BOX, _LANDMARKS)]
        scores, boxes, landmarks = (np.concatenate(grid) for grid in grids)
        cells, strides = _cells(self._size, tuple(len(grid) for grid in grids[0]))
        rows = np.flatnonzero(scores[:, 0] >= threshold)
        cell, stride = cells[rows], strides[rows]
        distances = boxes[rows] * stride
        corners = np.concatenate([cell - distances[:, :2], cell + distances[:, 2:]], axis=1)
        points = (cell[:, None] + landmarks[rows].reshape(-1, 5, 2) * stride[:, None]).astype(np.float32)
        return Candidates.from_corners(scores[rows, 0], corners, points)


def scrfd_detector(session: InferenceSession, name: str) -> FittingDetector:
    """The detector of a session."""
    return FittingDetector(ScrfdNetwork(session), name, threshold=_THRESHOLD, overlap=_OVERLAP)


def _fits(size: tuple[int, int], rows: list[int]) -> bool:
    """Whether these numbers of anchors, as far as the file tells them, fill the grids."""
    strides = (_FINEST_STRIDE * 2**level for level in range(len(rows)))
    return not any(
        count % (ceil(size[0] / stride) * ceil(size[1] / stride))
        for count, stride in zip(rows, strides, strict=True)
    )


def _of_columns(outputs: Mapping[str, Tensor], columns: int) -> list[Tensor]:
    """The outputs with so many columns, finest grid first: each cells x anchors, columns."""
    found = [tensor.reshape(-1, columns) for tensor in outputs.values() if tensor.shape[-1] == columns]
    return sorted(found, key=len, reverse=True)


@lru_cache(maxsize=16)
def _cells(size: tuple[int, int], rows: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """The place of every anchor, K x 2 pixels, and its stride, K x 1, of grids with so many anchors."""
    places, strides = [], []
    for level, count in enumerate(rows):
        stride = _FINEST_STRIDE * 2**level
        y, x = np.mgrid[: size[0] : stride, : size[1] : stride].astype(np.float32)
        cells = np.stack([x.ravel(), y.ravel()], axis=1)
        places.append(np.repeat(cells, count // len(cells), axis=0))
        strides.append(np.full((count, 1), stride, dtype=np.float32))
    return np.concatenate(places), np.concatenate(strides)
