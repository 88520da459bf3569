"""Recognisers whose network turns aligned crops into vectors that are compared by their direction."""

from collections.abc import Callable, Sequence
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from adapters.onnx.session import InferenceSession
from application.ports.analysis import FaceEmbedder
from application.ports.workers import ensure_wanted
from application.stages import Stage, timed
from domain.errors import BrokenModel
from domain.faces import Crop

_SIDE = 112
_BATCH = 16
"""Maximum batch size: larger ones are no faster, and the runtime keeps the memory of the largest."""


class Views(Enum):
    """What the network sees of each crop; the value is how many images that is."""

    AS_IT_IS = 1
    WITH_MIRROR_IMAGE = 2
    """A vector is the mean of the network's vectors of the crop and of its mirror image."""


class CropEmbedder(FaceEmbedder):
    """Embeds aligned crops. The network takes RGB, (x - middle) / unit."""

    def __init__(
        self,
        session: InferenceSession,
        name: str,
        family: str,
        *,
        middle: float = 0,
        unit: float = 1,
        views: Views = Views.AS_IT_IS,
        usual_norm: float | None = None,
    ) -> None:
        """Take a session whose batch is free.

        Args:
            session: of a network of the family.
            name: the model's in the catalogue.
            family: the model's, for messages.
            middle: pixel value that is 0 to the network.
            unit: difference from it that is 1 to the network.
            views: what the network sees of each crop.
            usual_norm: norm of the vectors of ordinary faces.

        Raises:
            BrokenModel: it doesn't turn N x 3 x 112 x 112 into N x D.
        """
        shapes = list(session.output_shapes.values())
        dimensions = shapes[0][-1] if len(shapes) == 1 and len(shapes[0]) == 2 else None  # noqa: PLR2004
        if session.input_shape[1:] != (3, _SIDE, _SIDE) or dimensions is None:
            raise BrokenModel(f"The recognition model's file is not of the {family} family.")
        self._session = session
        self._quick: Callable[[], InferenceSession | None] = lambda: None
        self._name = name
        self._dimensions = dimensions
        self._middle = np.float32(middle)
        self._scale = np.float32(1 / unit)
        self._views = views
        self._usual_norm = usual_norm

    def estimate_with(self, quick: Callable[[], InferenceSession | None]) -> None:
        """Take a session that runs the same network with less accuracy and in less time, for `estimate`.

        As long as `quick` gives none there are no estimates.
        """
        self._quick = quick

    @property
    @override
    def name(self) -> str:
        return self._name

    @property
    @override
    def dimensions(self) -> int:
        return self._dimensions

    @property
    @override
    def usual_norm(self) -> float | None:
        return self._usual_norm

    @property
    @override
    def estimates(self) -> bool:
        return self._quick() is not None

    @override
    @timed(Stage.EMBED)
    def embed_raw(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        return self._run(crops, self._session, self._views)

    @override
    @timed(Stage.EMBED)
    def estimate(self, crops: Sequence[Crop], *, closely: bool = False) -> NDArray[np.float32] | None:
        session = self._quick()
        views = self._views if closely else Views.AS_IT_IS
        return None if session is None else self._run(crops, session, views)

    def _run(self, crops: Sequence[Crop], session: InferenceSession, views: Views) -> NDArray[np.float32]:
        size = _BATCH // views.value
        means = [np.empty((0, self._dimensions), dtype=np.float32)]
        for at in range(0, len(crops), size):
            ensure_wanted()
            batch = self._batch(crops[at : at + size], views)
            (vectors,) = session.run(batch.reshape(-1, *batch.shape[2:])).values()
            if views is Views.WITH_MIRROR_IMAGE:
                vectors = vectors.reshape(*batch.shape[:2], -1).mean(axis=0)
            means.append(vectors)
        return np.concatenate(means)

    def _batch(self, crops: Sequence[Crop], views: Views) -> NDArray[np.float32]:
        """V views of N crops, as the network takes them: V x N x 3 x H x W."""
        batch = np.empty((views.value, len(crops), 3, _SIDE, _SIDE), dtype=np.float32)
        for planes, crop in zip(batch[0], crops, strict=True):
            planes[...] = crop[..., ::-1].transpose(2, 0, 1)
        if self._middle or self._scale != 1:
            batch[0] -= self._middle
            batch[0] *= self._scale
        if views is Views.WITH_MIRROR_IMAGE:
            batch[1] = batch[0, ..., ::-1]
        return batch
