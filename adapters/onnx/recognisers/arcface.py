"""The family `arcface`: any recogniser trained with an ArcFace head, whatever its backbone.

ArcFace (Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", 2019) is a loss; its
published networks share the aligned crop that they take. Exports from PyTorch take numbers in [-1, 1],
those from MXNet (the ONNX Model Zoo's, for example) take bytes, which their graph scales.
"""

from adapters.onnx.graphs.exports import SCALES_ITS_INPUT
from adapters.onnx.recognisers.crop_embedder import CropEmbedder
from adapters.onnx.session import InferenceSession


class ArcFaceEmbedder(CropEmbedder):
    """Embeds faces with a network of the ArcFace family."""

    def __init__(self, session: InferenceSession, name: str) -> None:
        """Take a session of a prepared file whose batch is free.

        Raises:
            BrokenModel: it doesn't turn N x 3 x 112 x 112 into N x D.
        """
        middle, unit = (0.0, 1.0) if SCALES_ITS_INPUT in session.metadata else (127.5, 127.5)
        super().__init__(session, name, "ArcFace", middle=middle, unit=unit)
