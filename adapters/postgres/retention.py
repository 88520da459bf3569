"""RetentionStore on PostgreSQL."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

from typing_extensions import override

from adapters.postgres.database import PostgresAdapter
from adapters.postgres.statements import retention as statements
from adapters.postgres.statements.people import LOCK_PEOPLE
from application.ports.retention import ExpiredPage, ExpiredPerson, Expiry, RemovedByAge, RetentionStore
from domain.people import ProfileId
from domain.retention import RetentionFrom


class PostgresRetention(PostgresAdapter, RetentionStore):
    """Processes take turns by an advisory lock, which goes with its connection."""

    @override
    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        async with self._database.alone(statements.LOCK) as connection:
            yield connection is not None

    @override
    async def matched(self, people: Collection[ProfileId], day: date) -> None:
        await self._database.change(statements.MATCHED, {"people": list(people), "day": day})

    @override
    async def expired(self, expiry: Expiry, limit: int, after: ProfileId | None = None) -> ExpiredPage:
        parameters = {
            "within": expiry.collection,
            "before": expiry.before,
            "limit": limit,
            "after": after or 0,
        }
        async with self._database.snapshot() as connection:
            rows = (await connection.execute(statements.AGES, parameters)).all()
        found = [person for row in rows if (person := _expired(row, expiry.since))]
        return ExpiredPage(found, rows[-1].id if len(rows) == limit else None)

    @override
    async def remove(self, expiry: Expiry, people: Collection[ProfileId]) -> RemovedByAge:
        within, before = {"within": expiry.collection}, {"before": expiry.before}
        async with self._database.transaction() as connection:
            # Whoever is matched or enrolled now waits, or was before this statement and is seen by the next.
            locked = (await connection.scalars(LOCK_PEOPLE, {**within, "people": list(people)})).all()
            ages = {**within, **before, "people": list(locked)}
            rows = (await connection.execute(statements.AGES_OF, ages)).all()
            expired = [person for row in rows if (person := _expired(row, expiry.since))]
            each = {"people": [person.id for person in expired]}
            if expiry.since is RetentionFrom.ENROLMENT:
                faces = await connection.scalars(statements.DELETE_OLD_FACES, {**each, **before})
            else:
                faces = await connection.scalars(statements.DELETE_FACES, each)
            face_ids = faces.all()
            whole = {"people": [person.id for person in expired if person.whole]}
            gone = await connection.scalars(statements.DELETE_WITHOUT_FACES, whole)
            return RemovedByAge(sorted(gone.all()), sorted(face_ids))


def _expired(row: Any, since: RetentionFrom) -> ExpiredPerson | None:
    if since is RetentionFrom.LAST_MATCH:
        return ExpiredPerson(row.id, row.faces, whole=True) if row.old_match else None
    whole = row.old_faces == row.faces if row.faces else row.old_enrolment
    return ExpiredPerson(row.id, row.old_faces, whole) if row.old_faces or whole else None
