"""The audit trail on PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import ARRAY, BigInteger, Row, delete, func, literal, or_, select, update
from sqlalchemy import cast as sa_cast
from typing_extensions import override

from adapters.postgres.database import PostgresAdapter
from adapters.postgres.tables import audit_chain, audit_entry
from application.ports.audit import AuditFilter, AuditLog
from domain.audit import EVENT_FIELDS, AuditChain, AuditEntry, AuditEvent, chained, values_of

if TYPE_CHECKING:
    import asyncpg

REMOVED_AT_ONCE = 10_000
"""Entries that retention removes in a transaction."""

_LISTS = ("profile_ids", "face_ids", "target_keys", "names")
_COLUMNS = (audit_entry.c.id, audit_entry.c.previous, *(audit_entry.c[name] for name in EVENT_FIELDS))
_CHAIN = select(
    audit_chain.c.removed_id, audit_chain.c.removed_hash, audit_chain.c.last_id, audit_chain.c.last_hash
)
_ALLOW_REMOVAL = select(func.set_config("face.audit_retention", "on", True))  # noqa: FBT003 - of set_config


class PostgresAudit(PostgresAdapter, AuditLog):
    """Whoever changes the chain locks its only row: processes take turns."""

    @override
    async def append(self, events: Sequence[AuditEvent]) -> Sequence[AuditEntry]:
        if not events:
            return []
        async with self._database.transaction(adds=True) as connection:
            chain = AuditChain(*(await connection.execute(_CHAIN.with_for_update())).one())
            entries = chained(chain, events)
            # In the same transaction; a row takes less of both processes than one of an INSERT does.
            driver = cast("asyncpg.Connection", (await connection.get_raw_connection()).driver_connection)
            await driver.copy_records_to_table(
                audit_entry.name, records=map(_record, entries), columns=("id", "previous", *EVENT_FIELDS)
            )
            last = entries[-1]
            await connection.execute(update(audit_chain).values(last_id=last.id, last_hash=last.digest()))
        return entries

    @override
    async def list(self, where: AuditFilter, limit: int, after: int | None = None) -> Sequence[AuditEntry]:
        statement = select(*_COLUMNS).where(audit_entry.c.id > (after or 0))
        if where.since is not None:
            statement = statement.where(audit_entry.c.at >= where.since)
        if where.until is not None:
            statement = statement.where(audit_entry.c.at < where.until)
        if where.key_id is not None:
            statement = statement.where(audit_entry.c.key_id == where.key_id)
        if where.profile_id is not None:
            wanted = sa_cast([where.profile_id], ARRAY(BigInteger))
            statement = statement.where(audit_entry.c.profile_ids.op("@>")(wanted))
        rows = await self._database.read(statement.order_by(audit_entry.c.id).limit(limit), {})
        return [_entry(row) for row in rows]

    @override
    async def chain(self) -> AuditChain:
        (row,) = await self._database.read(_CHAIN, {})
        return AuditChain(*row)

    @override
    async def remove_before(self, time: datetime) -> int:
        # In steps: whoever appends waits meanwhile.
        removed = 0
        while step := await self._remove_some(time):
            removed += step
        return removed

    async def _remove_some(self, time: datetime) -> int:
        first = select(audit_entry.c.id, audit_entry.c.previous).order_by(audit_entry.c.id).limit(1)
        async with self._database.transaction() as connection:
            chain = AuditChain(*(await connection.execute(_CHAIN.with_for_update())).one())
            beyond = or_(audit_entry.c.at >= time, audit_entry.c.id > chain.removed_id + REMOVED_AT_ONCE)
            kept = (await connection.execute(first.where(beyond))).one_or_none()
            removed_id, removed_hash = (
                (chain.last_id, chain.last_hash) if kept is None else (kept.id - 1, kept.previous)
            )
            if removed_id <= chain.removed_id:
                return 0
            await connection.execute(_ALLOW_REMOVAL)
            gone = await connection.execute(
                delete(audit_entry).where(audit_entry.c.id <= literal(removed_id))
            )
            await connection.execute(
                update(audit_chain).values(removed_id=removed_id, removed_hash=removed_hash)
            )
            return int(gone.rowcount)


def _record(entry: AuditEntry) -> tuple[object, ...]:
    return (entry.id, entry.previous, *values_of(entry.event))


def _entry(row: Row[*tuple[Any, ...]]) -> AuditEntry:
    values = dict(zip(EVENT_FIELDS, row[2:], strict=True))
    lists = {name: tuple(values[name]) for name in _LISTS}
    return AuditEntry(row[0], bytes(row[1]), AuditEvent(**{**values, **lists}))
