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
        centre: NDArray[np.float32] | None = None,
        usual_length: float = math.nan,
    ) -> None:
        """Take a session whose batch is free.

        Directions are taken from `centre` (D) instead of from the origin. `usual_length` is that of the
        network's vectors, as they leave it, for ordinary faces.

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
        self._centre = np.zeros(dimensions, dtype=np.float32) if centre is None else centre
        self._usual_length = usual_length

    @property
    def name(self) -> str:
        """See FaceEmbedder."""
        return self._name

    @property
    def dimensions(self) -> int:
        """See FaceEmbedder."""
        return self._dimensions

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See FaceEmbedder."""
        return self.embed_rated(crops)[0]

    def embed_raw(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See FaceEmbedder."""
        if not crops:
            return np.empty((0, self._dimensions), dtype=np.float32)
        batch = cv2.dnn.blobFromImages(list(crops), self._scale, mean=self._mean, swapRB=True)
        (vectors,) = self._session.run(np.asarray(batch, dtype=np.float32)).values()
        return vectors

    def directions(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """See FaceEmbedder."""
        centred = raw - self._centre
        norms: NDArray[np.float32] = np.linalg.norm(centred, axis=1, keepdims=True)
        return centred / norms

    def embed_rated(self, crops: Sequence[Crop]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See FaceEmbedder."""
        raw = self.embed_raw(crops)
        lengths: NDArray[np.float32] = np.linalg.norm(raw, axis=1)
        return self.directions(raw), lengths / np.float32(self._usual_length)
