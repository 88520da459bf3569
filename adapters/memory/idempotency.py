"""Idempotency keys in memory."""

import time
from dataclasses import dataclass
from datetime import timedelta

from typing_extensions import override

from application.ports.idempotency import LIFETIME, PATIENCE, Idempotency
from domain.errors import KeyInProgress, KeyReused


@dataclass(slots=True)
class _Entry:
    fingerprint: bytes
    begun_at: float
    answer: bytes | None = None


class InMemoryIdempotency(Idempotency):
    """Answers by key, in the order in which they were begun."""

    def __init__(self, *, lifetime: timedelta = LIFETIME, patience: timedelta = PATIENCE) -> None:
        self._lifetime_s = lifetime.total_seconds()
        self._patience_s = patience.total_seconds()
        self._entries: dict[str, _Entry] = {}

    @override
    async def begin(self, key: str, fingerprint: bytes) -> bytes | None:
        now = time.monotonic()
        self._purge(now)
        entry = self._entries.get(key)
        if entry is not None:
            if entry.fingerprint != fingerprint:
                raise KeyReused
            if entry.answer is not None:
                return entry.answer
            if now - entry.begun_at < self._patience_s:
                raise KeyInProgress
            del self._entries[key]
        self._entries[key] = _Entry(fingerprint, now)
        return None

    def _purge(self, now: float) -> None:
        while self._entries:
            oldest = next(iter(self._entries))
            if now - self._entries[oldest].begun_at < self._lifetime_s:
                return
            del self._entries[oldest]

    @override
    async def finish(self, key: str, answer: bytes) -> None:
        if key in self._entries:
            self._entries[key].answer = answer

    @override
    async def forget(self, key: str) -> None:
        self._entries.pop(key, None)
