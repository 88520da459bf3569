"""Doubts about a new face: it may be of somebody else."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from domain import errors
from domain.identification import RankedPerson
from domain.people import ProfileId


class OnConflict(StrEnum):
    """What to do about a doubtful face."""

    ALLOW = "allow"
    """Enrol it, and ask no questions."""
    WARN = "warn"
    """Enrol it, and say so."""
    REJECT = "reject"


class Doubt(StrEnum):
    """What is doubtful."""

    RESEMBLES_ANOTHER = "resembles_another_person"
    """It is nearer to somebody else, and near enough to be them."""
    DIFFERS = "differs_from_person"
    """It is not near enough to the faces that the person has."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One doubt and its grounds."""

    doubt: Doubt
    profile_id: ProfileId
    """Of the other person, or of the person themselves."""
    name: str
    similarity: float
    """To their nearest face."""
    threshold: float
    """The least similarity of a match."""


class EnrolmentConflict(errors.Conflict):
    """The new face is doubtful and was not enrolled."""

    code: ClassVar[str] = "enrolment_conflict"

    def __init__(self, conflicts: tuple[Conflict, ...]) -> None:
        super().__init__("The face was not registered: " + "; ".join(map(_told, conflicts)) + ".")
        self.conflicts = conflicts


def doubts(own: RankedPerson | None, other: RankedPerson | None, threshold: float) -> tuple[Conflict, ...]:
    """What is doubtful about a face.

    Args:
        own: the person it is enrolled for, if they have faces already.
        other: the nearest of all others, if there is one.
        threshold: the least similarity of a match.
    """
    found = []
    own_similarity = -1.0 if own is None else own.nearest_similarity
    if other is not None and other.nearest_similarity >= max(threshold, own_similarity):
        found.append(_conflict(Doubt.RESEMBLES_ANOTHER, other, threshold))
    if own is not None and own.nearest_similarity < threshold:
        found.append(_conflict(Doubt.DIFFERS, own, threshold))
    return tuple(found)


def _conflict(doubt: Doubt, person: RankedPerson, threshold: float) -> Conflict:
    return Conflict(doubt, person.profile_id, person.name, person.nearest_similarity, threshold)


def _told(conflict: Conflict) -> str:
    match conflict.doubt:
        case Doubt.RESEMBLES_ANOTHER:
            return f"it resembles {conflict.name} more"
        case Doubt.DIFFERS:
            return f"it differs from the other faces of {conflict.name}"
