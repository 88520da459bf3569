"""Storage of the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.api_keys import KeyId
from domain.audit import AuditChain, AuditEntry, AuditEvent
from domain.people import ProfileId


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries are wanted; None for all."""

    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""
    profile_id: ProfileId | None = None
    key_id: KeyId | None = None


class AuditLog(Protocol):
    """A chain of entries that several processes share. Entries are appended, read, and removed when they are old.

    All methods may be called concurrently. Each raises Unavailable when the store does not answer, and StorageFull.
    """

    async def append(self, events: Sequence[AuditEvent]) -> Sequence[AuditEntry]:
        """Add all events, or none, to the end of the chain; the entries in their order."""

    async def list(self, where: AuditFilter, limit: int, after: int | None = None) -> Sequence[AuditEntry]:
        """At most `limit` entries with ids above `after`, oldest first."""

    async def chain(self) -> AuditChain:
        """Both ends of the chain."""

    async def remove_before(self, time: datetime) -> int:
        """Remove the oldest entries up to the first that is not older than `time`; their number."""
