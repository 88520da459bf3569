"""The family of `faceonnx`: Ultra-Light-Fast-Generic-Face-Detector-1MB (Linzaer, 2019), RFB-640.

The network decodes its own boxes: corners, relative to the input's width and height. It has no landmarks; see
adapters/onnx/detectors/landmarks.py.
"""

import cv2
import numpy as np
from typing_extensions import override

from adapters.onnx.detectors.detections import Detections
from adapters.onnx.detectors.letterbox import LetterboxDetector, input_size
from adapters.onnx.session import InferenceSession
from domain.errors import BrokenModel
from domain.faces import Image

_THRESHOLD = 0.7
_OVERLAP = 0.3


class UltraLightDetector(LetterboxDetector):
    """Detects faces with an Ultra-Light network."""

    def __init__(self, session: InferenceSession, name: str) -> None:
        """Take a session.

        Raises:
            BrokenModel: it doesn't turn 1 x 3 x H x W into K x 2 scores and K x 4 boxes.
        """
        columns = {name: shape[-1] for name, shape in session.output_shapes.items() if shape}
        size = input_size(session)
        if columns != {"scores": 2, "boxes": 4} or size is None or None in session.input_shape:
            raise BrokenModel("The detection model's file is not of the Ultra-Light family.")
        super().__init__(session, name, size, threshold=_THRESHOLD, overlap=_OVERLAP)

    @override
    def infer(self, picture: Image, threshold: float) -> Detections:
        """The network takes RGB, (x - 127) / 128."""
        batch = cv2.dnn.blobFromImage(picture, 1 / 128, mean=(127, 127, 127), swapRB=True)
        outputs = self._session.run(np.asarray(batch, dtype=np.float32))
        scores, corners = outputs["scores"][0, :, 1], outputs["boxes"][0]
        rows = np.flatnonzero(scores >= threshold)
        height, width = self._input_size
        scale = np.array([width, height, width, height], dtype=np.float32)
        return Detections.from_corners(scores[rows], corners[rows] * scale)
