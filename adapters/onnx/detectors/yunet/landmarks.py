"""YuNet as a locator of landmarks: the consensus of all cells that detect the face."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
            Votes.of(central, central.boxes[central.scores.argmax()]).consensus()
            if len(central.scores)
            else None
            for central in centrals
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """The landmarks that cells predict for one face."""

    weights: Tensor
    """K: squared scores, 0 for cells of other faces; not all are 0."""
    points: Tensor
    """K x 5 x 2."""

    @classmethod
    def of(cls, cells: Detections, box: NDArray[np.float32]) -> "Votes":
        """For the face of a box (x, y, width, height) that at least one of the cells detects."""
        assert cells.landmarks is not None  # noqa: S101 (YuNet has them)
        weights = np.where(_overlaps(cells.boxes, box) > _MIN_OVERLAP, cells.scores**2, 0)
        return cls(weights, cells.landmarks)

    def consensus(self) -> Landmarks:
        """The weighted mean: non-maximum suppression would keep the best cell's, whose error is larger."""
        mean: Landmarks = (self.weights @ self.points.reshape(-1, 10) / self.weights.sum()).reshape(5, 2)
        return mean

    def spread(self, consensus: Landmarks) -> float:
        """How much the cells disagree: the standard deviation, in pixels."""
        squares = ((self.points - consensus) ** 2).reshape(-1, 10)
        return math.sqrt(self.weights @ squares.sum(axis=1) / (5 * self.weights.sum()))


def _overlaps(boxes: Tensor, box: NDArray[np.float32]) -> Tensor:
    """Intersection over union of K x 4 boxes with one."""
    low = np.maximum(boxes[:, :2], box[:2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], box[:2] + box[2:])
    sides = np.maximum(high - low, 0)
    shared = sides[:, 0] * sides[:, 1]
    overlaps: Tensor = shared / (boxes[:, 2] * boxes[:, 3] + box[2] * box[3] - shared)
    return overlaps
