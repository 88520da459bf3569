"""Models."""

from dataclasses import asdict
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from domain.models import ModelInfo
from entrypoints.http.envelope import Success

Engine: TypeAlias = Annotated[str, Meta(description="What runs the model: onnxruntime or openvino")]
ModelPrecision: TypeAlias = Annotated[
    str, Meta(description="The numbers that it computes with, float or int8; embeddings of both are compared")
]


class ModelView(msgspec.Struct):
    """A model."""

    name: str
    task: str
    installed: bool
    default: Annotated[bool, Meta(description="Answers requests that name no model")]
    licence: Annotated[str, Meta(description="Of the weights")]
    commercial: Annotated[bool, Meta(description="The weights may be used commercially")]
    source: str
    dimensions: Annotated[int | None, Meta(description="The length of an embedding")]
    threshold: Annotated[float | None, Meta(description="The least cosine similarity of a match")]
    fmr: Annotated[float | None, Meta(description="The false match rate of a verification at that threshold")]

    engine: Engine | None
    precision: ModelPrecision | None
    device: Annotated[
        str | None, Meta(description="What it runs on: cpu, cuda:0, tensorrt:0 or openvino:GPU")
    ]

    @classmethod
    def of(cls, model: ModelInfo) -> "ModelView":
        shown = asdict(model)
        execution = shown.pop("execution") or dict.fromkeys(("engine", "precision", "device"))
        return cls(**shown, **execution)


class ModelsAnswer(Success, kw_only=True):
    """Models."""

    data: list[ModelView]
