"""Deleting people by age, and knowing when they were matched last."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from application.audit import AuditTrail
from application.audit_notes import AuditNotes
from application.background import in_background
from application.people import every_collection
from application.ports.people import CollectionRepository
from application.ports.retention import ExpiredPerson, Expiry, RemovedByAge, RetentionStore
from domain.audit import MAX_IDS, AuditEvent
from domain.errors import FaceServiceError
from domain.people import ProfileId
from domain.retention import Retention, RetentionFrom

BATCH = 500
"""People that are looked at in a statement, and deleted in a transaction."""
APPLY_S = 3600.0
"""Between two runs of a service."""
FIRST_S = 60.0
"""From the start to the first run."""
NOTE_S = 60.0
"""Between two writes of the people who were matched."""
MOST_MATCHED = 100_000
"""People who wait to be written; a match of others is forgotten until the next write."""
_PAGE = 1000

logger = logging.getLogger("face.retention")


class MatchDays:
    """Writes down on which day people were matched last: a minute late, and once for many."""

    def __init__(self, store: RetentionStore) -> None:
        self._store = store
        self._people: set[ProfileId] = set()

    def add(self, person: ProfileId) -> None:
        """A person has just been matched."""
        if len(self._people) < MOST_MATCHED:
            self._people.add(person)

    async def write(self) -> None:
        """Write what is waiting; what can't be written goes on waiting."""
        people, self._people = sorted(self._people), set()
        while people:
            try:
                await self._store.matched(people[:_PAGE], datetime.now(UTC).date())
            except FaceServiceError as error:
                self._people.update(people[: MOST_MATCHED - len(self._people)])
                logger.warning("days of matches wait, as they can't be stored: %s", error)
                return
            del people[:_PAGE]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write from time to time, and at the end."""
        try:
            async with in_background(self._run()):
                yield
        finally:
            await self.write()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(NOTE_S)
            await self.write()


@dataclass(frozen=True, slots=True)
class AppliedRetention:
    """What was deleted from a collection, or would be."""

    collection: str
    retention: Retention
    people: int
    faces: int


@dataclass(frozen=True, slots=True)
class ApplyRetention:
    """Deletes what is older than the collections' rules say."""

    collections: CollectionRepository
    store: RetentionStore
    trail: AuditTrail

    async def execute(self, *, dry_run: bool = False) -> Sequence[AppliedRetention] | None:
        """What was deleted from each collection that has a rule; None if another process is doing it.

        With `dry_run` nothing is changed.

        Raises:
            Unavailable.
        """
        if dry_run:
            return [await self._apply(expiry, rule, dry_run=True) async for expiry, rule in self._rules()]
        async with self.store.alone() as alone:
            if not alone:
                return None
            return [await self._apply(expiry, rule, dry_run=False) async for expiry, rule in self._rules()]

    async def _rules(self) -> AsyncIterator[tuple[Expiry, Retention]]:
        async for collection in every_collection(self.collections):
            rule = collection.retention
            before = rule.cutoff(datetime.now(UTC))
            if before is not None:
                yield Expiry(collection.name, rule.since, before), rule

    async def _apply(self, expiry: Expiry, rule: Retention, *, dry_run: bool) -> AppliedRetention:
        people = faces = 0
        async for page in self._pages(expiry):
            if dry_run:
                people += sum(person.whole for person in page)
                faces += sum(person.faces for person in page)
                continue
            removed = await self.store.remove(expiry, [person.id for person in page])
            self._record(expiry, removed)
            await self.trail.written()
            people += len(removed.profile_ids)
            faces += len(removed.face_ids)
        return AppliedRetention(expiry.collection, rule, people, faces)

    async def _pages(self, expiry: Expiry) -> AsyncIterator[Sequence[ExpiredPerson]]:
        after: ProfileId | None = None
        while True:
            page = await self.store.expired(expiry, BATCH, after)
            if page.people:
                yield page.people
            if (after := page.next) is None:
                return

    def _record(self, expiry: Expiry, removed: RemovedByAge) -> None:
        """Leave audit entries, which say why."""
        result = (
            "enrolled_too_long_ago" if expiry.since is RetentionFrom.ENROLMENT else "matched_too_long_ago"
        )
        for start in range(0, max(len(removed.profile_ids), len(removed.face_ids)), MAX_IDS):
            event = AuditEvent(
                at=datetime.now(UTC),
                action="retention",
                result=result,
                collection=expiry.collection,
                profile_ids=tuple(removed.profile_ids[start : start + MAX_IDS]),
                face_ids=tuple(removed.face_ids[start : start + MAX_IDS]),
            )
            self.trail.record(event, AuditNotes())

    async def run(self) -> None:
        """Apply the rules every hour."""
        pause = FIRST_S
        while True:
            await asyncio.sleep(pause)
            pause = APPLY_S
            try:
                for applied in await self.execute() or ():
                    if applied.people or applied.faces:
                        values = applied.collection, applied.people, applied.faces
                        logger.info("retention of %s: %d people and %d faces were deleted", *values)
            except FaceServiceError as error:
                logger.warning("retention is not applied for now: %s", error)
            except Exception:
                logger.exception("retention could not be applied")
