"""The recogniser `sface`.

SFace (Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition", 2021) in
OpenCV Zoo's export of a MobileFaceNet, whose graph normalises its input itself.
"""

from adapters.onnx.embedding import CropEmbedder
from adapters.onnx.exports import SCALES_ITS_INPUT
from adapters.onnx.session import InferenceSession
from domain.errors import BrokenModel

_USUAL_LENGTH = 12.36
"""The median of 4,364 photos of Labeled Faces in the Wild, aligned by YuNet's landmarks."""


class SFaceEmbedder(CropEmbedder):
    """Implements FaceEmbedder with SFace. The network sees RGB, 0..255."""

    def __init__(self, session: InferenceSession, name: str = "sface") -> None:
        """Take a session of a prepared file whose batch is free.

        Raises:
            BrokenModel: it doesn't turn N x 3 x 112 x 112 bytes into N x D.
        """
        if SCALES_ITS_INPUT not in session.metadata:
            raise BrokenModel("The recognition model's file is not of the SFace family.")
        super().__init__(session, name, "SFace", usual_length=_USUAL_LENGTH)
