"""Conflicts of a new face with those enrolled: it may belong to somebody else."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from domain import errors
from domain.identification import RankedPerson
from domain.people import ProfileId


class OnConflict(StrEnum):
    """What to do with a face that conflicts with the gallery."""

    ALLOW = "allow"
    """Enrol it without a check."""
    WARN = "warn"
    """Enrol it and report the conflict."""
    REJECT = "reject"


class ConflictKind(StrEnum):
    """Kinds of conflict."""

    RESEMBLES_ANOTHER = "resembles_another_person"
    """The face matches another person, and is more similar to them than to its own."""
    DIFFERS = "differs_from_person"
    """The face does not match the faces that the person already has."""


@dataclass(frozen=True, slots=True)
class FaceConflict:
    """One conflict and the comparison it is based on."""

    doubt: ConflictKind
    profile_id: ProfileId
    """The person compared with: another one, or the one to be enrolled."""
    name: str
    similarity: float
    """To their nearest face."""
    threshold: float
    """The lowest similarity of a match."""


class EnrolmentConflict(errors.Conflict):
    """The new face conflicts with the gallery and was not enrolled."""

    code: ClassVar[str] = "enrolment_conflict"

    def __init__(self, conflicts: tuple[FaceConflict, ...]) -> None:
        super().__init__("The face was not registered: " + "; ".join(map(_describe, conflicts)) + ".")
        self.conflicts = conflicts


def find_conflicts(
    own: RankedPerson | None, other: RankedPerson | None, threshold: float
) -> tuple[FaceConflict, ...]:
    """Find the conflicts of a new face.

    Args:
        own: the person it is enrolled for, if they have faces already.
        other: the most similar other person, if there is one.
        threshold: the lowest similarity of a match.
    """
    found = []
    own_similarity = -1.0 if own is None else own.nearest_similarity
    if other is not None and other.nearest_similarity >= max(threshold, own_similarity):
        found.append(_conflict(ConflictKind.RESEMBLES_ANOTHER, other, threshold))
    if own is not None and own.nearest_similarity < threshold:
        found.append(_conflict(ConflictKind.DIFFERS, own, threshold))
    return tuple(found)


def _conflict(doubt: ConflictKind, person: RankedPerson, threshold: float) -> FaceConflict:
    return FaceConflict(doubt, person.profile_id, person.name, person.nearest_similarity, threshold)


def _describe(conflict: FaceConflict) -> str:
    match conflict.doubt:
        case ConflictKind.RESEMBLES_ANOTHER:
            return f"it resembles {conflict.name} more"
        case ConflictKind.DIFFERS:
            return f"it differs from the other faces of {conflict.name}"
