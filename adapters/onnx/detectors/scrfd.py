"""The family `scrfd`.

SCRFD (Guo et al., "Sample and Computation Redistribution for Efficient Face Detection", 2021) with keypoints,
as InsightFace exports it in any of its sizes. For every anchor of every cell of its grids it predicts a score,
the distances from the cell to the four sides of a box and the offsets of five landmarks, in strides. Exports
differ in the order, the names and the rank of the outputs: an output is recognised by its number of columns, and
its grid by the number of rows.
"""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from math import ceil

import cv2
import numpy as np
from typing_extensions import override

from adapters.onnx.detectors.detections import Detections
from adapters.onnx.detectors.letterbox import LetterboxDetector, input_size
from adapters.onnx.session import InferenceSession, Tensor
from domain.errors import BrokenModel
from domain.faces import Image

_FINEST_STRIDE = 8
"""Pixels per cell of the first grid; each further grid doubles it."""
_SCORE, _BOX, _LANDMARKS = 1, 4, 10
"""Columns of the outputs."""
_THRESHOLD = 0.5
_OVERLAP = 0.4


class ScrfdDetector(LetterboxDetector):
    """Detects faces with an SCRFD network."""

    def __init__(self, session: InferenceSession, name: str) -> None:
        """Take a session.

        Raises:
            BrokenModel: it doesn't have scores, boxes and landmarks for each of its grids.
        """
        size = input_size(session)
        shapes = [shape for shape in session.output_shapes.values() if len(shape) > 1]
        columns = Counter(shape[-1] for shape in shapes)
        rows = [shape[-2] for shape in shapes if shape[-1] == _SCORE]
        complete = bool(rows) and columns == Counter((_SCORE, _BOX, _LANDMARKS) * len(rows))
        if size is None or not complete or not _fits(size, sorted(filter(None, rows), reverse=True)):
            raise BrokenModel("The detection model's file is not of the SCRFD family.")
        super().__init__(session, name, size, threshold=_THRESHOLD, overlap=_OVERLAP)

    @override
    def infer(self, picture: Image, threshold: float) -> Detections:
        """The network takes RGB, (x - 127.5) / 128."""
        batch = cv2.dnn.blobFromImage(picture, 1 / 128, mean=(127.5, 127.5, 127.5), swapRB=True)
        outputs = self._session.run(np.asarray(batch, dtype=np.float32))
        grids = [_with_columns(outputs, columns) for columns in (_SCORE, _BOX, _LANDMARKS)]
        scores, boxes, landmarks = (np.concatenate(grid) for grid in grids)
        cells, strides = _anchors(self._input_size, tuple(len(grid) for grid in grids[0]))
        rows = np.flatnonzero(scores[:, 0] >= threshold)
        cell, stride = cells[rows], strides[rows]
        distances = boxes[rows] * stride
        corners = np.concatenate([cell - distances[:, :2], cell + distances[:, 2:]], axis=1)
        points = (cell[:, None] + landmarks[rows].reshape(-1, 5, 2) * stride[:, None]).astype(np.float32)
        return Detections.from_corners(scores[rows, 0], corners, points)


def _fits(size: tuple[int, int], rows: list[int]) -> bool:
    """Whether these numbers of anchors, as far as the file states them, are multiples of the grids' cells."""
    strides = (_FINEST_STRIDE * 2**level for level in range(len(rows)))
    return not any(
        count % (ceil(size[0] / stride) * ceil(size[1] / stride))
        for count, stride in zip(rows, strides, strict=True)
    )


def _with_columns(outputs: Mapping[str, Tensor], columns: int) -> list[Tensor]:
    """The outputs with this number of columns, finest grid first; each is (cells x anchors) x columns."""
    found = [tensor.reshape(-1, columns) for tensor in outputs.values() if tensor.shape[-1] == columns]
    return sorted(found, key=len, reverse=True)


@lru_cache(maxsize=16)
def _anchors(size: tuple[int, int], rows: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Place (K x 2, pixels) and stride (K x 1) of every anchor; `rows` are the numbers of anchors of each grid."""
    places, strides = [], []
    for level, count in enumerate(rows):
        stride = _FINEST_STRIDE * 2**level
        y, x = np.mgrid[: size[0] : stride, : size[1] : stride].astype(np.float32)
        cells = np.stack([x.ravel(), y.ravel()], axis=1)
        places.append(np.repeat(cells, count // len(cells), axis=0))
        strides.append(np.full((count, 1), stride, dtype=np.float32))
    return np.concatenate(places), np.concatenate(strides)
