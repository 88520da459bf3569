"""Liveness sessions in memory."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from typing_extensions import override

from application.ports.liveness_sessions import LivenessSessionStore, StoredSession
from domain.liveness.errors import LivenessSessionNotFound, TooManyLivenessSessions
from domain.liveness.session import LivenessSession, SessionState


@dataclass(slots=True)
class _Entry:
    stored: StoredSession
    begun_at: float
    expires_at: float


class InMemoryLivenessSessions(LivenessSessionStore):
    """Sessions in a dictionary; no method waits, so that changes never overlap."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}

    @override
    async def begin(self, session: StoredSession, lifetime_s: float, most: int) -> None:
        await self.purge()
        if len(self._entries) >= most:
            raise TooManyLivenessSessions
        now = self._clock()
        self._entries[session.id] = _Entry(session, now, now + lifetime_s)

    @override
    async def find(self, session_id: str) -> StoredSession:
        entry = self._entry(session_id)
        return replace(entry.stored, age_s=self._clock() - entry.begun_at)

    @override
    async def change(
        self,
        session_id: str,
        change: Callable[[StoredSession], LivenessSession],
        lifetime_s: float | None = None,
    ) -> StoredSession:
        entry = self._entry(session_id)
        before = await self.find(session_id)
        after = change(before)
        if lifetime_s is not None and before.session.state is not after.state is SessionState.PASSED:
            entry.expires_at = self._clock() + lifetime_s
        entry.stored = replace(before, session=after)
        return entry.stored

    @override
    async def purge(self) -> int:
        now = self._clock()
        expired = [name for name, entry in self._entries.items() if entry.expires_at <= now]
        for name in expired:
            del self._entries[name]
        return len(expired)

    def _entry(self, session_id: str) -> _Entry:
        entry = self._entries.get(session_id)
        if entry is None or entry.expires_at <= self._clock():
            raise LivenessSessionNotFound
        return entry
