"""Detectors, recognisers and anti-spoofing models that a model service runs."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from adapters.remote.client import ModelServiceClient
from adapters.remote.protocol import Parameters, Tensor, bytes_tensor
from application.ports.analysis import FaceDetector, FaceEmbedder
from application.ports.liveness import View, ViewScorer
from domain.errors import ModelUnavailable
from domain.faces import Box, Crop, DetectedFace, Image
from domain.liveness.detection import pooled
from domain.models import ModelIdentity

_BATCH = 64
"""Crops of a request: 2.4 MB."""
_CROP = (112, 112, 3)
_LARGEST = 1e9
"""Of numbers beside tensors."""


class RemoteDetector(FaceDetector):
    """Detects in images that are decoded already; photos go through RemoteExtractor."""

    def __init__(self, client: ModelServiceClient, model: ModelIdentity) -> None:
        self._client = client
        self._model = model

    @property
    @override
    def name(self) -> str:
        return self._model.name

    @override
    def detect(
        self, image: Image, *, largest_only: bool = False, min_face: float | None = None
    ) -> list[DetectedFace]:
        parameters = {"largest_only": largest_only, "min_face": min_face}
        # Without loss, in a fraction of the bytes.
        _, file = cv2.imencode(".png", image, (cv2.IMWRITE_PNG_COMPRESSION, 1))
        _, found = self._client.infer(self._model, {"image": bytes_tensor(file.tobytes())}, parameters)
        return faces_of(found)

    @override
    def detect_coarsely(self, image: Image) -> DetectedFace | None:
        return None


class RemoteEmbedder(FaceEmbedder):
    """Embeds crops."""

    def __init__(self, client: ModelServiceClient, model: ModelIdentity) -> None:
        """Ask the service about the model.

        Raises:
            ModelUnavailable, BrokenModel: see ModelServiceClient.
        """
        self._client = client
        self._model = model
        self._dimensions = model.dimensions or 0
        stated = client.metadata(model)
        self._usual_norm = None if stated.get("usual_norm") is None else number_of(stated, "usual_norm")

    @property
    @override
    def name(self) -> str:
        return self._model.name

    @property
    @override
    def dimensions(self) -> int:
        return self._dimensions

    @property
    @override
    def usual_norm(self) -> float | None:
        return self._usual_norm

    @override
    def embed_raw(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        parts = [self._run(crops[at : at + _BATCH]) for at in range(0, len(crops), _BATCH)]
        return np.concatenate([np.empty((0, self._dimensions), dtype=np.float32), *parts])

    @override
    def estimate(self, crops: Sequence[Crop], *, closely: bool = False) -> NDArray[np.float32] | None:
        return None

    def _run(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        inputs = {"crops": np.asarray(crops, dtype=np.uint8).reshape(-1, *_CROP)}
        _, found = self._client.infer(self._model, inputs, {}, ["raw"])
        return tensor_of(found, "raw", np.float32, (len(crops), self._dimensions))


class RemoteSpoofDetector(ViewScorer):
    """Scores faces by a small picture of each."""

    def __init__(
        self, client: ModelServiceClient, model: ModelIdentity, cut: Callable[[Image, Box, View], Image]
    ) -> None:
        """Ask the service about the model.

        Args:
            client: of the service.
            model: which.
            cut: cuts a view out of a photo.

        Raises:
            ModelUnavailable, BrokenModel: see ModelServiceClient.
        """
        self._client = client
        self._model = model
        self._cut = cut
        stated = client.metadata(model)
        self._view = View(
            number_of(stated, "surroundings"),
            count_of(stated, "width"),
            count_of(stated, "height"),
        )
        self._threshold = number_of(stated, "threshold")

    @property
    @override
    def name(self) -> str:
        return self._model.name

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
        return self.score_views([self._cut(image, face.box, self._view)])

    @override
    def score_views(self, pictures: Sequence[Image]) -> float:
        _, found = self._client.infer(self._model, {"views": np.asarray(pictures, dtype=np.uint8)}, {})
        return pooled(tensor_of(found, "scores", np.float64, (len(pictures),)).tolist())


def faces_of(found: dict[str, Tensor]) -> list[DetectedFace]:
    """The faces of the tensors `boxes` (F x 4), `scores` (F) and `landmarks` (F x 5 x 2; NaN: none)."""
    boxes = found.get("boxes", np.empty(0))
    count = len(boxes)
    boxes = tensor_of(found, "boxes", np.float64, (count, 4))
    scores = tensor_of(found, "scores", np.float64, (count,))
    landmarks = tensor_of(found, "landmarks", np.float32, (count, 5, 2), finite=False)
    return [
        DetectedFace(Box(*box), score, None if np.isnan(points).any() else points)
        for box, score, points in zip(boxes.tolist(), scores.tolist(), landmarks, strict=True)
    ]


def tensor_of(
    found: dict[str, Tensor], name: str, dtype: type, shape: tuple[int, ...], *, finite: bool = True
) -> Tensor:
    """An output of exactly this type and shape.

    Args:
        found: the outputs.
        name: of one of them.
        dtype: of numpy.
        shape: of it.
        finite: whether all of its numbers have to be.

    Raises:
        ModelUnavailable: it is not there, or is another.
    """
    tensor = found.get(name)
    if tensor is None or tensor.dtype != dtype or tensor.shape != shape:
        raise ModelUnavailable(f"The model service's answer has no {name} that fit.")
    if finite and tensor.dtype.kind == "f" and not np.isfinite(tensor).all():
        raise ModelUnavailable(f"The model service's answer has no {name} that fit.")
    return tensor


def number_of(stated: Parameters, name: str) -> float:
    """A number that a service states.

    Raises:
        ModelUnavailable: it doesn't.
    """
    value = stated.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise ModelUnavailable(f"The model service doesn't state a {name} that fits.")
    return float(value)


def count_of(stated: Parameters, name: str) -> int:
    """A whole number, 0 or more, that a service states; raises as `number_of`."""
    value = number_of(stated, name)
    if value < 0 or not value.is_integer():
        raise ModelUnavailable(f"The model service doesn't state a {name} that fits.")
    return int(value)
