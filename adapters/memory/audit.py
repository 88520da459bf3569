"""The audit trail in this process's memory."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from typing_extensions import override

from application.ports.audit import AuditFilter, AuditLog
from domain.audit import AuditChain, AuditEntry, AuditEvent, chained

MOST_ENTRIES = 100_000
"""Older ones are removed: nothing else bounds them where nothing is stored."""


class InMemoryAudit(AuditLog):
    """A list; nothing here waits, so that no two changes interleave."""

    def __init__(self) -> None:
        self._entries: list[AuditEntry] = []
        self._chain = AuditChain()

    @override
    async def append(self, events: Sequence[AuditEvent]) -> Sequence[AuditEntry]:
        new = chained(self._chain, events)
        if new:
            self._entries += new
            self._chain = replace(self._chain, last_id=new[-1].id, last_hash=new[-1].digest())
        if len(self._entries) > MOST_ENTRIES:
            self._remove(len(self._entries) - MOST_ENTRIES * 9 // 10)
        return new

    @override
    async def list(self, where: AuditFilter, limit: int, after: int | None = None) -> Sequence[AuditEntry]:
        found: list[AuditEntry] = []
        for entry in self._entries[bisect_right(self._entries, after or 0, key=lambda entry: entry.id) :]:
            if len(found) == limit:
                break
            if _fits(entry.event, where):
                found.append(entry)
        return found

    @override
    async def chain(self) -> AuditChain:
        return self._chain

    @override
    async def remove_before(self, time: datetime) -> int:
        kept = (place for place, entry in enumerate(self._entries) if entry.event.at >= time)
        number = next(kept, len(self._entries))
        self._remove(number)
        return number

    def _remove(self, number: int) -> None:
        if number:
            last = self._entries[number - 1]
            self._chain = replace(self._chain, removed_id=last.id, removed_hash=last.digest())
            del self._entries[:number]


def _fits(event: AuditEvent, where: AuditFilter) -> bool:
    return (
        (where.since is None or event.at >= where.since)
        and (where.until is None or event.at < where.until)
        and (where.profile_id is None or where.profile_id in event.profile_ids)
        and (where.key_id is None or event.key_id == where.key_id)
    )
