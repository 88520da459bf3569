"""The family of `faceonnx`: Ultra-Light-Fast-Generic-Face-Detector-1MB (Linzaer, 2019), RFB-640.

The network decodes its own boxes: they come as corners, relative to the picture's width and height. It finds
no landmarks, see adapters/onnx/detectors/landmarks.py.
"""

import cv2
import numpy as np

from adapters.onnx.detectors.detections import Candidates
from adapters.onnx.detectors.letterbox import FittingDetector, picture_size
from adapters.onnx.session import InferenceSession
from domain.errors import BrokenModel
from domain.faces import Image

_THRESHOLD = 0.7
_OVERLAP = 0.3


class UltraLightNetwork:
    """Implements DetectorNetwork."""

    def __init__(self, session: InferenceSession) -> None:
        """Take a session.

        Raises:
            BrokenModel: it doesn't turn 1 x 3 x H x W into K x 2 scores and K x 4 boxes.
        """
        columns = {name: shape[-1] for name, shape in session.output_shapes.items() if shape}
        size = picture_size(session)
        if columns != {"scores": 2, "boxes": 4} or size is None or None in session.input_shape:
            raise BrokenModel("The detection model's file is not of the Ultra-Light family.")
        self._session = session
        self._size = size

    @property
    def picture_size(self) -> tuple[int, int]:
        """See DetectorNetwork."""
        return self._size

    def candidates(self, picture: Image, threshold: float) -> Candidates:
        """See DetectorNetwork. The network sees RGB, (x - 127) / 128."""
        batch = cv2.dnn.blobFromImage(picture, 1 / 128, mean=(127, 127, 127), swapRB=True)
        outputs = self._session.run(np.asarray(batch, dtype=np.float32))
        scores, corners = outputs["scores"][0, :, 1], outputs["boxes"][0]
        rows = np.flatnonzero(scores >= threshold)
        height, width = self._size
        scale = np.array([width, height, width, height], dtype=np.float32)
        return Candidates.from_corners(scores[rows], corners[rows] * scale)


def ultralight_detector(session: InferenceSession, name: str) -> FittingDetector:
    """The detector of a session."""
    return FittingDetector(UltraLightNetwork(session), name, threshold=_THRESHOLD, overlap=_OVERLAP)
