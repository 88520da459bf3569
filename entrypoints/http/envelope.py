"""What every answer looks like. Existing clients speak this: fields are added, never changed."""

import time
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from litestar import MediaType, Response
from msgspec import UNSET, Meta, UnsetType


def _now() -> str:
    return str(int(time.time()))


class Success(msgspec.Struct, kw_only=True):
    """Done."""

    timestamp: Annotated[str, Meta(description="Unix time in seconds")] = msgspec.field(default_factory=_now)
    status: Literal["success"] = "success"
    detail: Annotated[str, Meta(description="What was done, for a person")]


class ErrorAnswer(msgspec.Struct, kw_only=True):
    """Refused."""

    timestamp: Annotated[str, Meta(description="Unix time in seconds")] = msgspec.field(default_factory=_now)
    status: Literal["error"] = "error"
    detail: Annotated[str, Meta(description="What is wrong, for a person")]
    code: Annotated[str, Meta(description="What is wrong, for a program: stable")]
    data: Annotated[Any | UnsetType, Meta(description="The grounds of some refusals")] = UNSET


def refusal(detail: str, code: str) -> bytes:
    """An error's body, where there is no framework to write it."""
    return msgspec.json.encode(ErrorAnswer(detail=detail, code=code))


Degradation: TypeAlias = Literal["storage_full", "index_unavailable"]


class Health(Success, kw_only=True):
    """The service's state."""

    degraded: Annotated[
        list[Degradation],
        Meta(description="What is refused for now; the rest is answered"),
    ] = msgspec.field(default_factory=list)
    index_lag_s: Annotated[
        float | UnsetType,
        Meta(
            description="Where instances share an index: for how long the oldest change has waited to be in it"
        ),
    ] = UNSET


def encoded(answer: bytes) -> Response[Any]:
    """An answer that is JSON already."""
    return Response(answer, media_type=MediaType.JSON, status_code=HTTPStatus.OK)
