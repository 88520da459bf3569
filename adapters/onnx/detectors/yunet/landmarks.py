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
        centrals = [
            detections.central(picture.shape[0]) for detections, picture in zip(found, pictures, strict=True)
        ]
        return [
            consensus(central, central.boxes[central.scores.argmax()]) if len(central.scores) else None
            for central in centrals
        ]


def consensus(cells: Detections, box: NDArray[np.float32]) -> Landmarks:
    """The mean of the landmarks that cells predict for the face of a box, weighted by squared scores.

    Non-maximum suppression would keep the best cell's only; the mean has a smaller error.

    Args:
        cells: what they predict, at least one of them for this face.
        box: x, y, width, height.
    """
    weights, points = _votes(cells, box)
    mean: Landmarks = (weights @ points.reshape(-1, 10) / weights.sum()).reshape(5, 2)
    return mean


def spread(cells: Detections, box: NDArray[np.float32], mean: Landmarks) -> float:
    """How much the cells disagree about the landmarks: the standard deviation, in longer sides of the box."""
    weights, points = _votes(cells, box)
    variance = weights @ ((points - mean) ** 2).sum(axis=2).mean(axis=1) / weights.sum()
    return float(np.sqrt(variance) / box[2:].max())


def _votes(cells: Detections, box: NDArray[np.float32]) -> tuple[Tensor, Tensor]:
    """K weights, 0 for cells of other faces, and landmarks, K x 5 x 2."""
    assert cells.landmarks is not None  # noqa: S101 (YuNet has them)
    weights = np.where(_overlaps(cells.boxes, box) > _MIN_OVERLAP, cells.scores**2, 0)
    return weights, cells.landmarks


def _overlaps(boxes: Tensor, box: NDArray[np.float32]) -> Tensor:
    """Intersection over union of K x 4 boxes with one."""
    low = np.maximum(boxes[:, :2], box[:2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], box[:2] + box[2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    overlaps: Tensor = shared / (boxes[:, 2:].prod(axis=1) + box[2:].prod() - shared)
    return overlaps
