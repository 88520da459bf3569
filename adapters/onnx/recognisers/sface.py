"""The recogniser `sface`.

SFace (Zhong et al., "SFace: Sigmoid-Constrained Hypersphere Loss for Robust Face Recognition", 2021) in
OpenCV Zoo's export of a MobileFaceNet, whose graph normalises its input itself.
"""

from adapters.onnx.graphs.exports import SCALES_ITS_INPUT
from adapters.onnx.recognisers.crop_embedder import CropEmbedder, Views
from adapters.onnx.session import InferenceSession
from domain.errors import BrokenModel

_USUAL_NORM = 12.58
"""The median of 4,364 photos of Labeled Faces in the Wild, aligned by RefiningAligner, without their mirror images.

Of the mean of both views it is 12.48. Files of vectors that were made of one view are measured by the same norm.
"""


class SFaceEmbedder(CropEmbedder):
    """Embeds faces with SFace. The network takes RGB, 0..255."""

    def __init__(self, session: InferenceSession, name: str = "sface") -> None:
        """Take a session of a prepared file whose batch is free.

        Raises:
            BrokenModel: it doesn't turn N x 3 x 112 x 112 bytes into N x D.
        """
        if SCALES_ITS_INPUT not in session.metadata:
            raise BrokenModel("The recognition model's file is not of the SFace family.")
        super().__init__(session, name, "SFace", views=Views.WITH_MIRROR_IMAGE, usual_norm=_USUAL_NORM)
