"""Recognisers whose network turns aligned crops into vectors of which only the direction means anything."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from adapters.onnx.session import InferenceSession
from domain.errors import BrokenModel
from domain.faces import Crop

_SIDE = 112
_BATCH = 16
"""Faces that a network sees at once: more take no less time each, and the runtime keeps the memory of the most."""


class CropEmbedder:
    """Implements FaceEmbedder. The network sees RGB, (x - middle) / unit."""

    def __init__(
        self,
        session: InferenceSession,
        name: str,
        family: str,
        *,
        middle: float = 0,
        unit: float = 1,
        transform: NDArray[np.float32] | None = None,
        usual_norm: float | None = None,
    ) -> None:
        """Take a session whose batch is free.

        Args:
            session: what runs the network.
            name: of the model.
            family: of the model, for messages.
            middle: what the network's input has as 0.
            unit: what it has as 1, from the middle on.
            transform: D x D, what the network's vectors are multiplied by before they are scaled to unit norm.
            usual_norm: the length of the network's vectors, as they leave it, for ordinary faces.

        Raises:
            BrokenModel: it doesn't turn N x 3 x 112 x 112 into N x D.
        """
        shapes = list(session.output_shapes.values())
        dimensions = shapes[0][-1] if len(shapes) == 1 and len(shapes[0]) == 2 else None  # noqa: PLR2004
        if session.input_shape[1:] != (3, _SIDE, _SIDE) or dimensions is None:
            raise BrokenModel(f"The recognition model's file is not of the {family} family.")
        self._session = session
        self._name = name
        self._dimensions = dimensions
        self._mean = (middle, middle, middle)
        self._scale = 1 / unit
        self._transform = transform
        self._usual_norm = usual_norm

    @property
    def name(self) -> str:
        """See FaceEmbedder."""
        return self._name

    @property
    def dimensions(self) -> int:
        """See FaceEmbedder."""
        return self._dimensions

    @property
    def usual_norm(self) -> float | None:
        """See FaceEmbedder."""
        return self._usual_norm

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See FaceEmbedder."""
        return self.embed_rated(crops)[0]

    def embed_raw(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See FaceEmbedder."""
        if not crops:
            return np.empty((0, self._dimensions), dtype=np.float32)
        return np.concatenate([self._run(crops[at : at + _BATCH]) for at in range(0, len(crops), _BATCH)])

    def _run(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        batch = cv2.dnn.blobFromImages(list(crops), self._scale, mean=self._mean, swapRB=True)
        (vectors,) = self._session.run(np.asarray(batch, dtype=np.float32)).values()
        return vectors

    def directions(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """See FaceEmbedder."""
        vectors = raw if self._transform is None else raw @ self._transform
        norms: NDArray[np.float32] = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / norms

    def relative_norms(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """See FaceEmbedder."""
        norms: NDArray[np.float32] = np.linalg.norm(raw, axis=1)
        return norms / np.float32(math.nan if self._usual_norm is None else self._usual_norm)

    def embed_rated(self, crops: Sequence[Crop]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See FaceEmbedder."""
        raw = self.embed_raw(crops)
        return self.directions(raw), self.relative_norms(raw)
