"""What AuditLog promises, of each adapter."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.memory.audit import InMemoryAudit
from adapters.postgres import audit as postgres
from adapters.postgres.audit import PostgresAudit
from application.audit import ReadAudit
from application.ports.audit import AuditFilter, AuditLog
from domain.api_keys import KeyId
from domain.audit import AuditChain, AuditEvent
from domain.people import FaceId, ProfileId

NOON = datetime(2026, 11, 28, 12, 0, 0, 123456, tzinfo=UTC)
FULL = AuditEvent(
    at=NOON,
    action="recognize_face",
    result="match",
    key_id=KeyId(3),
    client="192.0.2.1",
    request_id="abc",
    collection="staff",
    profile_ids=(ProfileId(5), ProfileId(2**53 - 1)),
    face_ids=(FaceId(7),),
    target_keys=(KeyId(9),),
    names=("Zoë",),
    recognition_model="sface",
    threshold=0.1 + 0.2,
)


def event(minute: int, *, profile_id: int = 1, key_id: int | None = None) -> AuditEvent:
    return AuditEvent(
        at=NOON + timedelta(minutes=minute),
        action="get_profile",
        result="done",
        profile_ids=(ProfileId(profile_id),),
        key_id=None if key_id is None else KeyId(key_id),
    )


@pytest.fixture(params=["memory", "postgres"])
def log(request: pytest.FixtureRequest) -> AuditLog:
    if request.param == "memory":
        return InMemoryAudit()
    return PostgresAudit(request.getfixturevalue("engine"))


async def ids(log: AuditLog, limit: int = 100, after: int | None = None, **where: object) -> list[int]:
    return [entry.id for entry in await log.list(AuditFilter(**where), limit, after)]  # type: ignore[arg-type]


async def test_entries_come_back_as_they_were_appended(log: AuditLog) -> None:
    assert await log.chain() == AuditChain()
    assert list(await log.append([])) == []
    appended = await log.append([FULL, event(1)])
    assert list(await log.list(AuditFilter(), 10)) == list(appended)
    assert [entry.event for entry in appended] == [FULL, event(1)]
    last = appended[-1]
    assert await log.chain() == AuditChain(last_id=last.id, last_hash=last.digest())
    assert last.previous == appended[0].digest()


async def test_filters_and_pages(log: AuditLog) -> None:
    await log.append([event(0, key_id=8), event(1, profile_id=2), event(2, key_id=8), event(3)])
    assert await ids(log) == [1, 2, 3, 4]
    assert await ids(log, 2, 1) == [2, 3]
    assert await ids(log, key_id=KeyId(8)) == [1, 3]
    assert await ids(log, profile_id=ProfileId(2)) == [2]
    assert await ids(log, profile_id=ProfileId(1), since=NOON + timedelta(minutes=1)) == [3, 4]
    assert await ids(log, since=NOON + timedelta(minutes=1), until=NOON + timedelta(minutes=3)) == [2, 3]
    assert await ids(log, key_id=KeyId(7)) == []


async def test_concurrent_writers_share_one_chain(log: AuditLog) -> None:
    await asyncio.gather(*(log.append([event(minute), event(minute)]) for minute in range(12)))
    check = await ReadAudit(log).verify()
    assert (check.entries, check.last_id, check.problems) == (24, 24, [])
    assert await ids(log) == list(range(1, 25))


async def test_the_chain_holds_when_old_entries_are_removed(log: AuditLog) -> None:
    # The third is older than the second: processes write their entries a little late.
    appended = await log.append([event(0), event(5), event(1), event(6)])
    assert await log.remove_before(NOON) == 0
    assert await log.remove_before(NOON + timedelta(minutes=3)) == 1
    chain = await log.chain()
    assert (chain.removed_id, chain.removed_hash) == (1, appended[0].digest())
    assert await ids(log) == [2, 3, 4]
    assert not (await ReadAudit(log).verify()).problems
    assert await log.remove_before(NOON + timedelta(hours=1)) == 3
    assert await ids(log) == []
    assert not (await ReadAudit(log).verify()).problems
    await log.append([event(9)])
    assert await ids(log) == [5]
    check = await ReadAudit(log).verify()
    assert (check.entries, check.problems) == (1, [])


async def test_many_old_entries_are_removed_in_steps(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "REMOVED_AT_ONCE", 2)
    log = PostgresAudit(engine)
    await log.append([event(minute) for minute in range(7)])
    assert await log.remove_before(NOON + timedelta(minutes=5)) == 5
    assert await ids(log) == [6, 7]
    assert not (await ReadAudit(log).verify()).problems


async def test_the_database_refuses_changes(engine: AsyncEngine) -> None:
    await PostgresAudit(engine).append([FULL])
    for statement in (
        "UPDATE audit_entry SET result = 'no'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
    ):
        with pytest.raises(DBAPIError, match="audit entries are not changed"):
            async with engine.begin() as connection:
                await connection.execute(text(statement))
    assert len(await PostgresAudit(engine).list(AuditFilter(), 10)) == 1


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_entry SET result = 'unknown' WHERE id = 2",
        "UPDATE audit_entry SET threshold = 0.5 WHERE id = 4",
        "UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE id = 1",
        "UPDATE audit_entry SET profile_ids = '{6}' WHERE id = 3",
        "DELETE FROM audit_entry WHERE id = 1",
        "DELETE FROM audit_entry WHERE id = 3",
        "DELETE FROM audit_entry WHERE id = 4",
        (
            "INSERT INTO audit_entry SELECT 5, previous, at, action, result, key_id, client, request_id, collection,"
            " profile_ids, face_ids, target_keys, names, recognition_model, threshold FROM audit_entry WHERE id = 4"
        ),
    ],
)
async def test_tampering_past_the_trigger_is_found(engine: AsyncEngine, tampering: str) -> None:
    log = PostgresAudit(engine)
    await log.append([FULL] * 4)
    assert not (await ReadAudit(log).verify()).problems
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))
        await connection.execute(text(tampering))
        await connection.execute(text("ALTER TABLE audit_entry ENABLE TRIGGER USER"))
    assert (await ReadAudit(log).verify()).problems
