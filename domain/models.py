"""Models: which ones a request uses, and what the API says about them."""

from dataclasses import dataclass
from enum import StrEnum


class Alignment(StrEnum):
    """Source of the landmarks by which a recogniser's crops are aligned."""

    DETECTED = "detected"
    """The detector's landmarks."""
    REFINED = "refined"
    """Landmarks from a second detection on the enlarged face."""


class Precision(StrEnum):
    """The numbers that a network computes with."""

    FLOAT = "float"
    INT8 = "int8"
    """Of 8 bits, for most of its convolutions."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What runs a model. It changes how long an answer takes, not which model the embeddings belong to."""

    engine: str
    """`onnxruntime` or `openvino`."""
    precision: Precision
    device: str
    """`cpu`, or as in FACE_DEVICE."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Names of the models that one request uses, as in the catalogue."""

    detection: str
    recognition: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Description of one model."""

    name: str
    task: str
    """`detection`, `recognition` or `anti_spoofing`."""
    installed: bool
    default: bool
    """Whether it is used by requests that name no model."""
    licence: str
    """Of the weights."""
    commercial: bool
    """Whether the weights may be used commercially, as far as their publisher says."""
    source: str
    dimensions: int | None
    """The length of an embedding; None for detectors."""
    threshold: float | None = None
    """The least cosine similarity of a match; None for detectors, and for recognisers without calibration."""
    fmr: float | None = None
    """The false match rate of a verification at that threshold."""
    execution: Execution | None = None
    """What runs it; None as long as this process has run nothing."""


CHANGED_EMBEDDINGS = frozenset({"sface", "sface_int8", "sface_float"})
"""Recognisers whose embeddings are not compatible with those of version 0.1."""

_EARLIER = "@1"


def earlier_name(model: str) -> str:
    """The name under which a recogniser's embeddings of before the change are stored, apart from new ones."""
    return f"{model}{_EARLIER}" if model in CHANGED_EMBEDDINGS else model


def current_name(model: str) -> str | None:
    """The recogniser that must enrol anew what is stored under this earlier name; None for current names."""
    return model.removesuffix(_EARLIER) if model.endswith(_EARLIER) else None
