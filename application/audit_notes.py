"""What use cases note for the audit entry of the request or command that they carry out."""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from application.context import context_value
from domain.api_keys import KeyId
from domain.audit import DONE, MAX_IDS
from domain.identification import Decision, Verdict
from domain.people import FaceId, ProfileId

T = TypeVar("T")


@dataclass(slots=True)
class AuditNotes:
    """What use cases note while a request or command is carried out, of at most MAX_IDS ids each."""

    verdicts: set[str] = field(default_factory=set)
    profile_ids: dict[ProfileId, None] = field(default_factory=dict)
    face_ids: dict[FaceId, None] = field(default_factory=dict)
    target_keys: dict[KeyId, None] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    recognition_model: str | None = None
    threshold: float | None = None
    collection: str | None = None

    @property
    def result(self) -> str:
        """The verdict; of several faces' the one that says most."""
        order = (Verdict.MATCH, Verdict.AMBIGUOUS, Verdict.UNKNOWN, *sorted(self.verdicts))
        return next((str(verdict) for verdict in order if verdict in self.verdicts), DONE)


_noted: ContextVar[AuditNotes | None] = ContextVar("audit_notes", default=None)


def noting() -> context_value[AuditNotes]:
    """Collect what use cases note in this task and those that it starts, for a `with` block."""
    return context_value(_noted, AuditNotes())


def note(
    *,
    profile_ids: Iterable[ProfileId] = (),
    face_ids: Iterable[FaceId] = (),
    target_keys: Iterable[KeyId] = (),
    names: Iterable[str] = (),
    model: str | None = None,
    threshold: float | None = None,
    verdict: str | None = None,
    collection: str | None = None,
) -> None:
    """Note something for the audit entry of this request or command."""
    notes = _noted.get()
    if notes is None:
        return
    _add(notes.profile_ids, profile_ids)
    _add(notes.face_ids, face_ids)
    _add(notes.target_keys, target_keys)
    _add(notes.names, names)
    notes.recognition_model = model or notes.recognition_model
    notes.collection = collection or notes.collection
    if threshold is not None:
        notes.threshold = threshold if notes.threshold is None else min(threshold, notes.threshold)
    if verdict is not None:
        notes.verdicts.add(verdict)


def note_decision(model: str, decision: Decision) -> None:
    """Note the outcome of an identification, and whom it names."""
    named = {Verdict.MATCH: 1, Verdict.UNKNOWN: 0}.get(decision.verdict, len(decision.people))
    people = [person for person in decision.people[:named] if person.similarity >= decision.threshold]
    note(
        profile_ids=[person.profile_id for person in people],
        face_ids=[person.nearest.id for person in people],
        names=[person.name for person in people],
        model=model,
        threshold=decision.threshold,
        verdict=decision.verdict,
    )


def _add(ids: dict[T, None], new: Iterable[T]) -> None:
    for each in new:
        if len(ids) >= MAX_IDS:
            return
        ids[each] = None
