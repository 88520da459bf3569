"""The family `retinaface`.

RetinaFace (Deng et al., "RetinaFace: Single-stage Dense Face Localisation in the Wild", 2020) on MobileNet 0.25,
in the PyTorch form whose exports yakhyo/retinaface-pytorch publishes. Its grids hold prior boxes: squares of
two sizes around the centre of each cell, to which boxes and landmarks are relative. The class scores leave the
graph as probabilities.
"""

from functools import lru_cache

import cv2
import numpy as np

from adapters.onnx.detectors.detections import Candidates
from adapters.onnx.detectors.letterbox import FittingDetector, picture_size
from adapters.onnx.session import InferenceSession, Tensor
from domain.errors import BrokenModel
from domain.faces import Image

_PRIORS = {8: (16, 32), 16: (64, 128), 32: (256, 512)}
"""Sides of the prior boxes in pixels, by the stride of their grid."""
_CENTRE_VARIANCE, _SIZE_VARIANCE = 0.1, 0.2
"""What offsets and logarithms of sizes were divided by for the training."""
_COLUMNS = (4, 2, 10)
"""Of the outputs: boxes, scores, landmarks. Files differ in their order and names."""
_RANK = 3
_MEAN = (104, 117, 123)
"""Blue, green, red."""
_THRESHOLD = 0.5
_OVERLAP = 0.4


class RetinaFaceNetwork:
    """Implements DetectorNetwork."""

    def __init__(self, session: InferenceSession) -> None:
        """Take a session.

        Raises:
            BrokenModel: its outputs are not boxes, scores and landmarks, one row a prior box.
        """
        size = picture_size(session)
        rows = {None, len(_priors(size))} if size else set()
        outputs = {
            shape[-1]: name
            for name, shape in session.output_shapes.items()
            if len(shape) == _RANK and shape[1] in rows
        }
        if size is None or set(outputs) != set(_COLUMNS) or len(session.output_shapes) != len(_COLUMNS):
            raise BrokenModel("The detection model's file is not of the RetinaFace family.")
        self._session = session
        self._size = size
        self._outputs = [outputs[columns] for columns in _COLUMNS]

    @property
    def picture_size(self) -> tuple[int, int]:
        """See DetectorNetwork."""
        return self._size

    def candidates(self, picture: Image, threshold: float) -> Candidates:
        """See DetectorNetwork. The network sees BGR without the mean colour of its training images."""
        batch = np.asarray(cv2.dnn.blobFromImage(picture, mean=_MEAN), dtype=np.float32)
        outputs = self._session.run(batch)
        boxes, probabilities, landmarks = (outputs[name][0] for name in self._outputs)
        scores = probabilities[:, 1]
        rows = np.flatnonzero(scores >= threshold)
        priors = _priors(self._size)[rows]
        places, sides = priors[:, :2], priors[:, 2:]
        centres = places + boxes[rows, :2] * _CENTRE_VARIANCE * sides
        halves = np.exp(boxes[rows, 2:] * _SIZE_VARIANCE) * sides / 2
        points = places[:, None] + landmarks[rows].reshape(-1, 5, 2) * _CENTRE_VARIANCE * sides[:, None]
        corners = np.concatenate([centres - halves, centres + halves], axis=1)
        return Candidates.from_corners(scores[rows], corners, points)


def retinaface_detector(session: InferenceSession, name: str) -> FittingDetector:
    """The detector of a session."""
    return FittingDetector(RetinaFaceNetwork(session), name, threshold=_THRESHOLD, overlap=_OVERLAP)


@lru_cache(maxsize=4)
def _priors(size: tuple[int, int]) -> Tensor:
    """K x 3: the centre's x and y, and the side, in pixels of a picture of this height and width."""
    grids = []
    for stride, sides in _PRIORS.items():
        y, x = np.mgrid[: size[0] : stride, : size[1] : stride].astype(np.float32) + stride / 2
        shape = (*x.shape, len(sides))
        columns = [x[..., None], y[..., None], np.array(sides, dtype=np.float32)]
        grids.append(np.stack([np.broadcast_to(column, shape) for column in columns], axis=-1).reshape(-1, 3))
    return np.concatenate(grids)
