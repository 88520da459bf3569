"""Models."""

from dataclasses import asdict
from typing import Annotated

import msgspec
from msgspec import Meta

from domain.models import ModelInfo
from entrypoints.http.envelope import Success


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

    @classmethod
    def of(cls, model: ModelInfo) -> "ModelView":
        """Show a model."""
        return cls(**asdict(model))


class ModelsAnswer(Success, kw_only=True):
    """Models."""

    data: list[ModelView]
