"""Models: which ones a request uses, and what the API says about them."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


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
class ModelIdentity:
    """What tells a model from others that have its name."""

    name: str
    sha256: frozenset[str]
    """Of its file, in hexadecimal; several for files that are known to hold the same weights."""
    dimensions: int | None
    """The length of an embedding; None for other models than recognisers."""
    embeddings: int = 1
    """The kind of its embeddings, see kind_of_embeddings: what is made of the network's vectors has changed, too."""

    @property
    def versions(self) -> frozenset[str]:
        """What servers that know numbers of versions only call these weights."""
        return frozenset(map(version_of, self.sha256))


def version_of(sha256: str) -> str:
    """The first 60 bits of a file's SHA-256 as a decimal number, which fits a signed one of 64 bits."""
    return str(int(sha256[:15], 16))


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


EMBEDDINGS = MappingProxyType({"sface": 3, "sface_int8": 3, "sface_float": 3})
"""The kind of embeddings that each of these recognisers makes, counted from 1; no two kinds can be compared.

1 was made by version 0.1, 2 by 0.2. Other recognisers have only ever made one kind.
"""


def kind_of_embeddings(model: str) -> int:
    """The kind of embeddings that a recogniser makes now."""
    return EMBEDDINGS.get(model, 1)


def stored_name(model: str, kind: int) -> str:
    """The name under which a recogniser's embeddings of this kind are stored, former ones apart from present ones."""
    return f"{model}@{kind}" if kind < kind_of_embeddings(model) else model


_FORMER = {stored_name(model, kind): model for model, last in EMBEDDINGS.items() for kind in range(1, last)}


def current_name(model: str) -> str | None:
    """The recogniser that must enrol anew what is stored under this former name; None for current names."""
    return _FORMER.get(model)
