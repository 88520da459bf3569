"""The audit trail: records what requests and commands do, lists entries and checks them."""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from application.audit_notes import AuditNotes
from application.background import in_background
from application.people import Page
from application.ports.audit import AuditFilter, AuditLog
from domain.audit import MAX_IDS, AuditEntry, AuditEvent, ChainCheck
from domain.errors import FaceServiceError, InvalidInput

T = TypeVar("T")

FLUSH_S = 0.8
"""Between two writes of a process."""
BATCH = 500
"""Entries of one transaction."""
CAPACITY = 20_000
"""Entries of a process that wait while the store doesn't answer; more are lost."""
WAIT_S = 5.0
"""The longest that an answer waits for its entry."""
RETENTION_S = 3600.0
"""Between two removals of old entries."""
_CHECKED_PAGE = 1000

lines = logging.getLogger("face.audit")
"""One JSON object a line, for machines."""
logger = logging.getLogger("face.audit_queue")


class AuditTrail:
    """Records events of this process; one instance a process.

    They wait in a queue and are written in batches, at most a second late. While the store doesn't answer they stay
    there; those that don't fit are lost, which the log and a later entry say.
    """

    def __init__(
        self,
        log: AuditLog,
        *,
        days: int,
        names: bool = False,
        json_lines: bool = False,
        capacity: int = CAPACITY,
    ) -> None:
        """Entries are kept for so many `days`; 0 records nothing. `json_lines` go to the logger `face.audit`, too."""
        self._log = log
        self._days = days
        self._names = names
        self._json_lines = json_lines
        self._capacity = capacity
        self._queue: deque[AuditEvent] = deque()
        self._lost = 0
        self._writing = asyncio.Lock()
        self._failing = False
        self._batch = BATCH
        self._flushes: set[asyncio.Task[bool]] = set()

    @property
    def on(self) -> bool:
        """Whether anything is recorded."""
        return self._days > 0

    def record(self, event: AuditEvent, notes: AuditNotes) -> None:
        """Put an event into the queue, with what was noted; `event` has what was known before."""
        if not self.on:
            return
        if len(self._queue) >= self._capacity:
            self._lost += 1
            return
        self._queue.append(
            replace(
                event,
                collection=event.collection or notes.collection,
                profile_ids=_merged(event.profile_ids, notes.profile_ids),
                face_ids=_merged(event.face_ids, notes.face_ids),
                target_keys=_merged(event.target_keys, notes.target_keys),
                names=tuple(notes.names) if self._names else (),
                recognition_model=notes.recognition_model,
                threshold=None if notes.threshold is None else float(notes.threshold),
            )
        )

    async def written(self) -> bool:
        """Write what is in the queue now, within WAIT_S; whether that succeeded. If not, it is tried again later."""
        # A task of its own: a client that leaves must not interrupt a transaction.
        writing = asyncio.create_task(self._flush())
        self._flushes.add(writing)
        writing.add_done_callback(self._flushes.discard)
        done, _ = await asyncio.wait({writing}, timeout=WAIT_S)
        return bool(done) and writing.result()

    async def _flush(self) -> bool:
        async with self._writing:
            try:
                while self._queue or self._lost:
                    await self._write_batch()
            except FaceServiceError as error:
                if not self._failing:
                    logger.warning("audit entries wait, as they can't be stored: %s", error)
                self._failing = True
                return False
            self._failing = False
            return True

    async def _write_batch(self) -> None:
        batch = [self._queue[place] for place in range(min(self._batch, len(self._queue)))]
        lost = self._lost
        if lost:
            logger.error("audit entries were lost, as too many waited: %d", lost)
            batch.append(AuditEvent(at=datetime.now(UTC), action="audit_entries_lost", result=str(lost)))
        try:
            entries = await self._log.append(batch)
        except InvalidInput:
            # No repetition would help, and those behind it would wait forever: the one that it is about is lost.
            if self._batch == 1:
                self._queue.popleft()
                self._lost += 1
            self._batch = 1
            return
        self._batch = BATCH
        for _ in range(len(batch) - bool(lost)):
            self._queue.popleft()
        self._lost -= lost
        if self._json_lines:
            for entry in entries:
                lines.info("%s", json_line(entry))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write the queue, and remove old entries, as long as the service runs; at the end write what is left."""
        if not self.on:
            yield
            return
        try:
            async with in_background(self._run()):
                yield
        finally:
            if not await self.written() and self._queue:
                logger.error("audit entries are lost, as the service stops: %d", len(self._queue))

    async def _run(self) -> None:
        removed = -RETENTION_S
        while True:
            await asyncio.sleep(FLUSH_S)
            if self._queue or self._lost:
                await self.written()
            if time.monotonic() - removed >= RETENTION_S:
                removed = time.monotonic()
                await self._remove_old()

    async def _remove_old(self) -> None:
        try:
            await self._log.remove_before(datetime.now(UTC) - timedelta(days=self._days))
        except FaceServiceError as error:
            logger.warning("old audit entries are not removed for now: %s", error)


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """Outcome of a check of the chain."""

    entries: int
    """Number of entries that are there."""
    last_id: int
    last_hash: str
    """SHA-256 of the last entry, hexadecimal: kept elsewhere, it shows later whether the chain was made anew."""
    problems: list[str]


@dataclass(frozen=True, slots=True)
class ReadAudit:
    """Lists and checks the entries."""

    log: AuditLog

    async def list(self, where: AuditFilter, limit: int, after: int | None = None) -> Page[AuditEntry, int]:
        """At most `limit` entries after the cursor, oldest first."""
        found = await self.log.list(where, limit + 1, after)
        return Page.of(found, limit, lambda entry: entry.id)

    async def verify(self) -> AuditCheck:
        """Check every entry that is there now; the service may go on writing meanwhile."""
        while True:
            chain = await self.log.chain()
            check, after = ChainCheck(chain), 0
            while True:
                page = await self.log.list(AuditFilter(), _CHECKED_PAGE, after)
                for entry in page:
                    if entry.id <= chain.last_id:
                        check.add(entry)
                if len(page) < _CHECKED_PAGE or page[-1].id >= chain.last_id:
                    break
                after = page[-1].id
            problems = check.finish()
            # Meanwhile entries may have been added, and old ones removed.
            newer = await self.log.list(AuditFilter(), 1, chain.last_id)
            now = await self.log.chain()
            problems += [f"entry {entry.id} was inserted" for entry in newer if entry.id > now.last_id]
            if not problems or now.removed_id == chain.removed_id:
                return AuditCheck(check.entries, chain.last_id, chain.last_hash.hex(), problems)


def json_line(entry: AuditEntry) -> str:
    """An entry and its hash as one line of JSON, without what is empty."""
    shown = {name: value for name, value in entry.as_json().items() if value not in (None, ())}
    return json.dumps({**shown, "hash": entry.digest().hex()}, separators=(",", ":"))


def _merged(known: tuple[T, ...], noted: dict[T, None]) -> tuple[T, ...]:
    return tuple(dict.fromkeys((*known, *noted)))[:MAX_IDS]
