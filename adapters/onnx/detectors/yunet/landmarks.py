"""YuNet as a locator of landmarks: the consensus of all cells that detect the face."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from adapters.onnx.detectors.detections import Detections
from adapters.onnx.detectors.yunet.network import YuNetNetwork, as_batch
from adapters.onnx.session import Tensor
from application.ports.analysis import LandmarkLocator
from domain.faces import Image, Landmarks

_MIN_SCORE = 0.3
"""Of a cell. Low, because the picture is known to show a face."""
_MIN_OVERLAP = 0.5
"""Minimum overlap (IoU) with the best cell's box of cells that detect the same face."""


class YuNetLandmarks(LandmarkLocator):
    """Locates landmarks with YuNet, which is loaded on first use."""

    def __init__(self, network: Callable[[], YuNetNetwork]) -> None:
        self._network = network

    @override
    def locate(self, pictures: Sequence[Image]) -> list[Landmarks | None]:
        found = self._network().infer(as_batch(list(pictures)), _MIN_SCORE)
        return [
            _consensus(detections.central(picture.shape[0]))
            for detections, picture in zip(found, pictures, strict=True)
        ]


def _consensus(central: Detections) -> Landmarks | None:
    """The mean of the landmarks that cells predict for the same face, weighted by squared scores.

    Non-maximum suppression would keep the best cell's only; the mean has a smaller error.
    """
    if central.landmarks is None or not len(central.scores):
        return None
    same = _overlaps(central.boxes, central.boxes[central.scores.argmax()]) > _MIN_OVERLAP
    weights = np.where(same, central.scores**2, 0)
    mean: Landmarks = (weights @ central.landmarks.reshape(-1, 10) / weights.sum()).reshape(5, 2)
    return mean


def _overlaps(boxes: Tensor, box: NDArray[np.float32]) -> Tensor:
    """Intersection over union of K x 4 boxes with one."""
    low = np.maximum(boxes[:, :2], box[:2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], box[:2] + box[2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    overlaps: Tensor = shared / (boxes[:, 2:].prod(axis=1) + box[2:].prod() - shared)
    return overlaps
