"""The audit trail: who did what, to whom and with which outcome, as a chain of hashes.

Each entry has the SHA-256 of the one before it, so that a changed, removed or inserted entry is found by anybody who
knows the hash of the last one. Somebody who can write to all of the database can forge the whole chain; entries that
are also sent elsewhere as log lines show that.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from operator import attrgetter

from domain.api_keys import KeyId
from domain.people import FaceId, ProfileId

DONE = "done"
"""Result of an operation that decides nothing and did not fail."""

NO_HASH = bytes(32)
"""What the very first entry has instead of the hash of the one before."""

MAX_IDS = 1000
"""Ids of one kind that an entry names: the first ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """What happened. There is no image and no embedding in it."""

    at: datetime
    """With a time zone."""
    action: str
    """The operation, such as `recognize_face`, or the command, such as `keys create`."""
    result: str
    """The verdict, an error's code, or DONE."""
    key_id: KeyId | None = None
    """The API key that was used; None where none was needed."""
    client: str | None = None
    """The client's address."""
    request_id: str | None = None
    """That of the access log."""
    collection: str | None = None
    profile_ids: tuple[ProfileId, ...] = ()
    """People named by the request or by its outcome."""
    face_ids: tuple[FaceId, ...] = ()
    target_keys: tuple[KeyId, ...] = ()
    """API keys that were created, replaced or revoked."""
    names: tuple[str, ...] = ()
    """Of people; empty unless the operator wants them."""
    recognition_model: str | None = None
    threshold: float | None = None
    """The lowest similarity of a match; of several faces' the lowest."""


EVENT_FIELDS = tuple(field.name for field in fields(AuditEvent))
values_of: Callable[[AuditEvent], tuple[object, ...]] = attrgetter(*EVENT_FIELDS)
"""The values of an event's fields, in this order."""

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An event at its place in the chain."""

    id: int
    """1, 2, 3, ...: without gaps."""
    previous: bytes
    """SHA-256 of the entry before, 32 bytes."""
    event: AuditEvent

    def canonical(self) -> bytes:
        """The entry as it is hashed: JSON in ASCII without spaces, keys sorted, times in UTC to the microsecond."""
        return _CANONICAL.encode(self.as_json()).encode()

    def digest(self) -> bytes:
        """SHA-256 of the entry, 32 bytes."""
        return hashlib.sha256(self.canonical()).digest()

    def as_json(self) -> dict[str, object]:
        """The entry as a JSON object."""
        values = dict(zip(EVENT_FIELDS, values_of(self.event), strict=True))
        at = self.event.at.astimezone(UTC).isoformat(timespec="microseconds")
        return {**values, "at": at, "id": self.id, "previous": self.previous.hex()}


@dataclass(frozen=True, slots=True)
class AuditChain:
    """Both ends of the chain."""

    removed_id: int = 0
    """Of the last entry that retention has removed; 0 if none was."""
    removed_hash: bytes = NO_HASH
    """SHA-256 of that entry."""
    last_id: int = 0
    """Of the newest entry; `removed_id` if there is none."""
    last_hash: bytes = NO_HASH


def chained(chain: AuditChain, events: Iterable[AuditEvent]) -> Sequence[AuditEntry]:
    """Entries for new events, to follow the end of a chain."""
    entries: list[AuditEntry] = []
    number, previous = chain.last_id, chain.last_hash
    for event in events:
        number += 1
        entries.append(AuditEntry(number, previous, event))
        previous = entries[-1].digest()
    return entries


class ChainCheck:
    """Finds what doesn't fit in a chain, whose entries are given in order of their ids."""

    def __init__(self, chain: AuditChain) -> None:
        self._chain = chain
        self._id, self._hash = chain.removed_id, chain.removed_hash
        self.problems: list[str] = []
        """What is wrong, each in a sentence."""
        self.entries = 0
        """Number of entries checked."""

    def add(self, entry: AuditEntry) -> None:
        """Check the next entry."""
        self.entries += 1
        if entry.id <= self._id:
            self.problems.append(f"entry {entry.id} was inserted")
        elif entry.id > self._id + 1:
            self.problems.append(f"entries {self._id + 1} to {entry.id - 1} were removed")
        elif entry.previous != self._hash:
            self.problems.append(
                f"entry {self._id} was changed or inserted, or entry {entry.id} was"
                if self._id > self._chain.removed_id
                else f"entry {entry.id} was changed or inserted, or what was removed before it"
            )
        self._id, self._hash = entry.id, entry.digest()

    def finish(self) -> list[str]:
        """Check the end; all problems."""
        if self._id < self._chain.last_id:
            self.problems.append(f"entries {self._id + 1} to {self._chain.last_id} were removed")
        elif self._id > self._chain.last_id:
            self.problems.append(f"entries {self._chain.last_id + 1} to {self._id} were inserted")
        elif self._hash != self._chain.last_hash:
            self.problems.append(f"entry {self._id} was changed")
        return self.problems
