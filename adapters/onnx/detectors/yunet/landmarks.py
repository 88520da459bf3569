"""YuNet as a locator of landmarks: what all of its cells that see a face say together."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from adapters.onnx.detectors.detections import Candidates
from adapters.onnx.detectors.yunet.network import YuNetNetwork, as_batch
from adapters.onnx.session import Tensor
from domain.faces import Image, Landmarks

_THRESHOLD = 0.3
"""The least score of a cell; that there is a face is known."""
_AGREEMENT = 0.5
"""The least overlap (IoU) with the best cell's box of those that see the same face."""


class YuNetLandmarks:
    """Implements LandmarkLocator with YuNet, which is loaded when it is first asked."""

    def __init__(self, network: Callable[[], YuNetNetwork]) -> None:
        self._network = network

    def locate(self, pictures: Sequence[Image]) -> list[Landmarks | None]:
        """See LandmarkLocator."""
        found = self._network().candidates(as_batch(list(pictures)), _THRESHOLD)
        return [
            _consensus(candidates, picture.shape[0])
            for candidates, picture in zip(found, pictures, strict=True)
        ]


def _consensus(candidates: Candidates, side: int) -> Landmarks | None:
    """The mean of the landmarks that the cells of the face in the middle predict, weighed by squared scores.

    A detector keeps the best cell's and drops the others; their mean errs less.
    """
    near = candidates.central(side)
    if near.landmarks is None or not len(near.scores):
        return None
    same = _overlaps(near.boxes, near.boxes[near.scores.argmax()]) > _AGREEMENT
    weights = np.where(same, near.scores**2, 0)
    mean: Landmarks = (weights @ near.landmarks.reshape(-1, 10) / weights.sum()).reshape(5, 2)
    return mean


def _overlaps(boxes: Tensor, box: NDArray[np.float32]) -> Tensor:
    """Intersection over union of K x 4 boxes with one."""
    low = np.maximum(boxes[:, :2], box[:2])
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], box[:2] + box[2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    overlaps: Tensor = shared / (boxes[:, 2:].prod(axis=1) + box[2:].prod() - shared)
    return overlaps
