"""The family `arcface`: any recogniser trained with an ArcFace head, whatever its backbone.

ArcFace (Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", 2019) is a loss; what
its published networks share is the aligned crop that they take. Exports from PyTorch take numbers in [-1, 1],
those from MXNet (the ONNX Model Zoo's, for one) take bytes, which their graph scales.
"""

from adapters.onnx.graphs.exports import SCALES_ITS_INPUT
from adapters.onnx.recognisers.crop_embedder import CropEmbedder
from adapters.onnx.session import InferenceSession

_MIDDLE = 127.5


class ArcFaceEmbedder(CropEmbedder):
    """Implements FaceEmbedder with a network of the ArcFace family."""

    def __init__(self, session: InferenceSession, name: str) -> None:
        """Take a session of a prepared file whose batch is free.

        Raises:
            BrokenModel: it doesn't turn N x 3 x 112 x 112 into N x D.
        """
        if SCALES_ITS_INPUT in session.metadata:
            super().__init__(session, name, "ArcFace")
        else:
            super().__init__(session, name, "ArcFace", middle=_MIDDLE, unit=_MIDDLE)
