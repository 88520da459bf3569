"""What deletions remove, and where bytes of it may remain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class ErasedKind(StrEnum):
    """What a request has deleted."""

    FACE = "face"
    PERSON = "person"
    COLLECTION = "collection"


@dataclass(frozen=True, slots=True)
class Removed:
    """How much a deletion has removed."""

    people: int
    faces: int


@dataclass(frozen=True, slots=True)
class Remnant:
    """A place where something of what was deleted remains for a while."""

    place: str
    """A stable word for programs."""
    until: str
    """What ends it, as a sentence without a full stop."""
    within: timedelta | None = None
    """After which it is over at the latest; None where that is not known."""


@dataclass(frozen=True, slots=True)
class ErasureReceipt:
    """What was deleted, when, and where bytes of it may remain."""

    kind: ErasedKind
    collection: str
    id: int | None
    """Of the face or person."""
    removed: Removed
    at: datetime
    """With a time zone. From then on it is in no answer."""
    remnants: Sequence[Remnant]
