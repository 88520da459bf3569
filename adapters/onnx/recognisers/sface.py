"""The recogniser `sface`.

SFace (Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition", 2021) in
OpenCV Zoo's export of a MobileFaceNet, whose graph normalises its input itself.
"""

import json

import numpy as np
from numpy.typing import NDArray

from adapters.onnx.graphs.exports import OUTPUT_MEAN, SCALES_ITS_INPUT
from adapters.onnx.recognisers.crop_embedder import CropEmbedder
from adapters.onnx.session import InferenceSession
from domain.errors import BrokenModel

_REMOVED_SHARE = 0.5
"""Of each embedding's component along the mean of the training vectors.

The vectors of all faces share a part, clear photos of public figures more of it than others. Subtracting two to four
times the mean, as was done before, made photos of webcams and mugshots all alike. Half of the component that a vector
has in that direction suits both: see docs/accuracy.md.
"""
_USUAL_NORM = 12.58
"""The median of 4,364 photos of Labeled Faces in the Wild, aligned by RefiningAligner."""


class SFaceEmbedder(CropEmbedder):
    """Embeds faces with SFace. The network takes RGB, 0..255."""

    def __init__(self, session: InferenceSession, name: str = "sface") -> None:
        """Take a session of a prepared file whose batch is free.

        Raises:
            BrokenModel: it doesn't turn N x 3 x 112 x 112 bytes into N x D.
        """
        if SCALES_ITS_INPUT not in session.metadata:
            raise BrokenModel("The recognition model's file is not of the SFace family.")
        mean = json.loads(session.metadata.get(OUTPUT_MEAN, "null"))
        transform = None if mean is None else _removing(np.asarray(mean, dtype=np.float32), _REMOVED_SHARE)
        super().__init__(session, name, "SFace", transform=transform, usual_norm=_USUAL_NORM)


def _removing(direction: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """The D x D symmetric matrix that removes a share of the vectors' component along a direction (D)."""
    unit = direction / np.linalg.norm(direction)
    return np.asarray(np.eye(len(unit)) - share * np.outer(unit, unit), dtype=np.float32)
