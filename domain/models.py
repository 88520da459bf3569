"""Models as the domain sees them: what an answer says of them."""

from dataclasses import dataclass
from enum import StrEnum


class Alignment(StrEnum):
    """By which landmarks a recogniser's crops are aligned."""

    DETECTED = "detected"
    """Those that the detector found with the face."""
    REFINED = "refined"
    """Those that are found when the face is looked at a second time."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The models that one request is answered with, by their names in the catalogue."""

    detection: str
    recognition: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of one model."""

    name: str
    task: str
    """`detection`, `recognition` or `anti_spoofing`."""
    installed: bool
    default: bool
    """Whether requests that name no model are answered with it."""
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


CHANGED_EMBEDDINGS = frozenset({"sface", "sface_int8", "sface_float"})
"""Recognisers that make other embeddings than they made in version 0.1."""

_EARLIER = "@1"


def earlier_name(model: str) -> str:
    """The name under which embeddings are kept that a recogniser made before it changed: nothing new meets them."""
    return f"{model}{_EARLIER}" if model in CHANGED_EMBEDDINGS else model


def current_name(model: str) -> str | None:
    """The recogniser that has to enrol anew what is kept under this name; None if it is compared as it is."""
    return model.removesuffix(_EARLIER) if model.endswith(_EARLIER) else None
