"""The family `retinaface`.

RetinaFace (Deng et al., "RetinaFace: Single-stage Dense Face Localisation in the Wild", 2020) on MobileNet 0.25,
in the PyTorch form whose exports yakhyo/retinaface-pytorch publishes. Boxes and landmarks are relative to prior
boxes: squares of two sizes around the centre of each cell. The class scores leave the graph as probabilities.
"""

from functools import lru_cache

import cv2
import numpy as np
from typing_extensions import override

from adapters.onnx.detectors.detections import Detections
from adapters.onnx.detectors.letterbox import LetterboxDetector, input_size
from adapters.onnx.session import InferenceSession, Tensor
from domain.errors import BrokenModel
from domain.faces import Image

_PRIORS = {8: (16, 32), 16: (64, 128), 32: (256, 512)}
"""Sides of the prior boxes in pixels, by the stride of their grid."""
_CENTRE_VARIANCE, _SIZE_VARIANCE = 0.1, 0.2
"""Divisors of the offsets and of the logarithms of sizes in training."""
_COLUMNS = (4, 2, 10)
"""Of the outputs: boxes, scores, landmarks. Files differ in their order and names."""
_RANK = 3
_MEAN = (104, 117, 123)
"""Blue, green, red."""
_THRESHOLD = 0.5
_OVERLAP = 0.4


class RetinaFaceDetector(LetterboxDetector):
    """Detects faces with a RetinaFace network."""

    def __init__(self, session: InferenceSession, name: str) -> None:
        """Take a session.

        Raises:
            BrokenModel: its outputs are not boxes, scores and landmarks, one row per prior box.
        """
        size = input_size(session)
        rows = {None, len(_priors(size))} if size else set()
        outputs = {
            shape[-1]: name
            for name, shape in session.output_shapes.items()
            if len(shape) == _RANK and shape[1] in rows
        }
        if size is None or set(outputs) != set(_COLUMNS) or len(session.output_shapes) != len(_COLUMNS):
            raise BrokenModel("The detection model's file is not of the RetinaFace family.")
        self._outputs = [outputs[columns] for columns in _COLUMNS]
        super().__init__(session, name, size, threshold=_THRESHOLD, overlap=_OVERLAP)

    @override
    def infer(self, picture: Image, threshold: float) -> Detections:
        """The network takes BGR minus the mean colour of its training images."""
        outputs = self._session.run(np.asarray(cv2.dnn.blobFromImage(picture, mean=_MEAN), dtype=np.float32))
        boxes, probabilities, landmarks = (outputs[name][0] for name in self._outputs)
        scores = probabilities[:, 1]
        rows = np.flatnonzero(scores >= threshold)
        priors = _priors(self._input_size)[rows]
        places, sides = priors[:, :2], priors[:, 2:]
        centres = places + boxes[rows, :2] * _CENTRE_VARIANCE * sides
        halves = np.exp(boxes[rows, 2:] * _SIZE_VARIANCE) * sides / 2
        points = places[:, None] + landmarks[rows].reshape(-1, 5, 2) * _CENTRE_VARIANCE * sides[:, None]
        corners = np.concatenate([centres - halves, centres + halves], axis=1)
        return Detections.from_corners(scores[rows], corners, points)


@lru_cache(maxsize=4)
def _priors(size: tuple[int, int]) -> Tensor:
    """K x 3: centre x, centre y and side of the prior boxes, in pixels of an input of this height and width."""
    grids = []
    for stride, sides in _PRIORS.items():
        y, x = np.mgrid[: size[0] : stride, : size[1] : stride].astype(np.float32) + stride / 2
        shape = (*x.shape, len(sides))
        columns = [x[..., None], y[..., None], np.array(sides, dtype=np.float32)]
        grids.append(np.stack([np.broadcast_to(column, shape) for column in columns], axis=-1).reshape(-1, 3))
    return np.concatenate(grids)
