"""The recogniser `sface`.

SFace (Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition", 2021) in
OpenCV Zoo's export of a MobileFaceNet, whose graph normalises its input itself.
"""

import json

import numpy as np

from adapters.onnx.embedding import CropEmbedder
from adapters.onnx.exports import OUTPUT_MEAN, SCALES_ITS_INPUT
from adapters.onnx.session import InferenceSession
from domain.errors import BrokenModel

_CENTRE = 4.0
"""The centre that directions are taken from, in means of the vectors in training.

The vectors of all faces share a part, so that strangers seem alike (their mean similarity is 0.10). Clean, well
aligned photos share twice as much of it as the disturbed ones of the training. Taking away still more makes a
short vector, that of an unclear face, a less certain match. Anything from 3 to 4.5 works as well, on the people it
was chosen on and on others, and needs no mean of LFW's own vectors, which would tie the model to those people. See
docs/accuracy.md.
"""
_USUAL_LENGTH = 12.58
"""The median of 4,364 photos of Labeled Faces in the Wild, aligned by RefiningAligner."""


class SFaceEmbedder(CropEmbedder):
    """Implements FaceEmbedder with SFace. The network sees RGB, 0..255."""

    def __init__(self, session: InferenceSession, name: str = "sface") -> None:
        """Take a session of a prepared file whose batch is free.

        Raises:
            BrokenModel: it doesn't turn N x 3 x 112 x 112 bytes into N x D.
        """
        if SCALES_ITS_INPUT not in session.metadata:
            raise BrokenModel("The recognition model's file is not of the SFace family.")
        mean = json.loads(session.metadata.get(OUTPUT_MEAN, "null"))
        centre = None if mean is None else _CENTRE * np.asarray(mean, dtype=np.float32)
        super().__init__(session, name, "SFace", centre=centre, usual_length=_USUAL_LENGTH)
