"""Stages whose answers follow the protocol, and make no sense."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from typing_extensions import override

from adapters.remote.client import ModelServiceClient
from adapters.remote.extractor import CAPTURE, MEASURES, RemoteExtractor
from adapters.remote.models import RemoteEmbedder
from adapters.remote.protocol import Answer, Parameters, Tensor
from application.ports.extraction import ExtractedPhoto, ExtractionOptions, FaceExtractor
from application.ports.liveness import View, ViewScorer
from domain.errors import ModelUnavailable
from domain.faces import DetectedFace, Image
from domain.liveness.capture import MINIFASNET_LIMITS
from domain.models import Alignment, ModelIdentity

MODEL = ModelIdentity("m", frozenset({"a" * 64}), 2)
OPTIONS = ExtractionOptions(detection="m", alignment=Alignment.REFINED, examined=True)
RIGHT: Mapping[str, Tensor] = {
    "boxes": np.array([[1.0, 2, 30, 40]]),
    "scores": np.array([0.9]),
    "landmarks": np.zeros((1, 5, 2), np.float32),
    "crops": np.zeros((1, 112, 112, 3), np.uint8),
    "quality": np.zeros((1, len(MEASURES))),
    "captures": np.ones((1, len(CAPTURE))),
    "view_0": np.zeros((1, 80, 80, 3), np.uint8),
}
PHOTO: Parameters = {"left_out": 0, "height": 100, "width": 200, "reduction": 1}


class Saying(ModelServiceClient):
    """A service that says this."""

    def __init__(self, tensors: Mapping[str, Tensor], parameters: Parameters) -> None:
        super().__init__("detection", ["http://127.0.0.1:9"], "", 1)
        self._said = Answer(model_name="m", parameters=dict(parameters), outputs=[]), dict(tensors)

    @override
    def infer(
        self,
        model: ModelIdentity,
        inputs: Mapping[str, Tensor],
        parameters: Parameters,
        outputs: Sequence[str] = (),
    ) -> tuple[Answer, dict[str, Tensor]]:
        return self._said

    @override
    def metadata(self, model: ModelIdentity) -> Parameters:
        return {}


class Nowhere(FaceExtractor):
    @override
    def extract(self, data: bytes, options: ExtractionOptions) -> ExtractedPhoto:
        raise NotImplementedError


class Half(ViewScorer):
    """Sure of nothing."""

    name = "half"
    threshold = 0.5
    views = (View(2.7, 80, 80),)

    @override
    def score(self, image: Image, face: DetectedFace) -> float:
        return 0.5

    @override
    def score_views(self, pictures: Sequence[Image]) -> float:
        return 0.5


def extracted(tensors: Mapping[str, Tensor], parameters: Parameters) -> ExtractedPhoto:
    client = Saying(tensors, parameters)
    extractor = RemoteExtractor(
        client, lambda _: MODEL, lambda _: True, Nowhere(), lambda: [Half()], MINIFASNET_LIMITS
    )
    return extractor.extract(b"photo", OPTIONS)


def test_what_makes_sense_is_used() -> None:
    (face,) = extracted(RIGHT, PHOTO).faces
    assert (face.detected.box.width, face.detected.score) == (30, 0.9)


@pytest.mark.parametrize(
    "wrong",
    [
        {name: value}
        for name, right in RIGHT.items()
        for value in (right[:0], np.concatenate([right, right]), right.astype(np.int32), right.reshape(-1, 1))
    ]
    + [
        {"boxes": np.full((1, 4), np.nan)},
        {"boxes": np.full((1, 4), np.inf)},
        {"scores": np.array([np.nan])},
        {"captures": np.full((1, len(CAPTURE)), np.nan)},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_tensors_that_make_none_are_no_answer(wrong: Mapping[str, Tensor]) -> None:
    with pytest.raises(ModelUnavailable):
        extracted({**RIGHT, **wrong}, PHOTO)


@pytest.mark.parametrize("name", RIGHT)
def test_a_tensor_that_is_missing_is_no_answer(name: str) -> None:
    with pytest.raises(ModelUnavailable):
        extracted({key: value for key, value in RIGHT.items() if key != name}, PHOTO)


@pytest.mark.parametrize("name", PHOTO)
@pytest.mark.parametrize(
    "value",
    [None, "many", float("nan"), float("inf"), -1, 0.5, 10**400, True],
    ids=lambda value: str(value)[:9],
)
def test_numbers_that_make_none_are_no_answer(name: str, value: Any) -> None:
    with pytest.raises(ModelUnavailable):
        extracted(RIGHT, {**PHOTO, name: value})


@pytest.mark.parametrize(
    "raw", [np.full((1, 2), np.nan), np.full((1, 2), np.inf), np.ones((1, 3)), np.ones((2, 2)), np.ones(2)]
)
def test_vectors_that_make_none_are_no_answer(raw: Tensor) -> None:
    embedder = RemoteEmbedder(Saying({"raw": raw.astype(np.float32)}, {}), MODEL)
    with pytest.raises(ModelUnavailable):
        embedder.embed_raw([np.zeros((112, 112, 3), np.uint8)])
