"""The families `minifasnet_v2` and `minifasnet_v1se`: presentation attack detection on a single RGB photo.

Silent-Face-Anti-Spoofing (Minivision, 2020): two small networks that differ in how much of the face's surroundings
they get. Trained with a Fourier spectrum as a second target, they detect traces of printing and of displays.
Three classes, of which the middle one is a living face.
"""

from collections.abc import Sequence

import numpy as np
from typing_extensions import override

from adapters.onnx.anti_spoofing.views import cut_view
from adapters.onnx.graphs.exports import GIVES_PROBABILITIES
from adapters.onnx.session import InferenceSession, Tensor
from application.ports.liveness import View, ViewScorer
from domain.errors import BrokenModel
from domain.faces import DetectedFace, Image
from domain.liveness.detection import pooled

_CLASSES = 3
_LIVE = 1
_THRESHOLD = 0.5
"""For files whose threshold has not been measured."""


class MiniFasNet(ViewScorer):
    """One network. It takes BGR, 0..255.

    The score is pooled over the face and its mirror image, whose scores differ a little.
    """

    def __init__(
        self, session: InferenceSession, name: str, *, surroundings: float, threshold: float | None = None
    ) -> None:
        """Take a session of a prepared file whose batch is free.

        Args:
            session: its outputs are logits, or probabilities if the file ends in a softmax.
            name: the model's in the catalogue.
            surroundings: side of the crop, in sides of the face's box.
            threshold: minimum score of a living face.

        Raises:
            BrokenModel: it doesn't turn N x 3 x H x W into N x 3.
        """
        shapes = list(session.output_shapes.values())
        if len(shapes) != 1 or shapes[0][1:] != (_CLASSES,) or None in session.input_shape[1:]:
            raise BrokenModel("The anti-spoofing model's file is not of the MiniFASNet family.")
        self._session = session
        self._name = name
        self._threshold = _THRESHOLD if threshold is None else threshold
        self._view = View(surroundings, session.input_shape[3] or 0, session.input_shape[2] or 0)

    @property
    @override
    def name(self) -> str:
        return self._name

    @property
    @override
    def threshold(self) -> float:
        return self._threshold

    @property
    @override
    def views(self) -> tuple[View, ...]:
        return (self._view,)

    @override
    def score(self, image: Image, face: DetectedFace) -> float:
        return self.score_views([cut_view(image, face.box, self._view)])

    @override
    def score_views(self, pictures: Sequence[Image]) -> float:
        (picture,) = pictures
        batch = np.stack([picture, picture[:, ::-1]]).transpose(0, 3, 1, 2)
        (outputs,) = self._session.run(np.ascontiguousarray(batch, dtype=np.float32)).values()
        probabilities = outputs if GIVES_PROBABILITIES in self._session.metadata else _softmax(outputs)
        return pooled(map(float, probabilities[:, _LIVE]))


def _softmax(logits: Tensor) -> Tensor:
    """Over the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), dtype=np.float32)
