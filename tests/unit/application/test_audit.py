"""What is recorded, and what becomes of it when the store doesn't answer."""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from typing_extensions import override

from adapters.memory.audit import InMemoryAudit
from application.audit import AuditTrail, ReadAudit
from application.audit_notes import AuditNotes, note, noting
from application.ports.audit import AuditFilter
from domain.audit import MAX_IDS, AuditEntry, AuditEvent
from domain.errors import InvalidInput, Unavailable
from domain.people import ProfileId
from tests.virtual_time import in_virtual_time

EVENT = AuditEvent(at=datetime.now(UTC), action="recognize_face", result="match")


class FlakyAudit(InMemoryAudit):
    """A store that can be made to fail."""

    def __init__(self) -> None:
        super().__init__()
        self.failure: Exception | None = None
        self.refused = ""
        """An action that can't be stored."""

    @override
    async def append(self, events: Sequence[AuditEvent]) -> Sequence[AuditEntry]:
        if self.failure is not None:
            raise self.failure
        if any(event.action == self.refused for event in events):
            raise InvalidInput("no")
        return await super().append(events)

    async def actions(self) -> list[str]:
        """Of all entries."""
        return [entry.event.action for entry in await self.list(AuditFilter(), 100)]


@pytest.fixture
def log() -> FlakyAudit:
    return FlakyAudit()


def noted(**what: object) -> AuditNotes:
    with noting() as notes:
        note(**what)  # type: ignore[arg-type]
    return notes


async def test_names_only_if_they_are_wanted(log: FlakyAudit) -> None:
    for wanted in (False, True):
        trail = AuditTrail(log, days=1, names=wanted)
        trail.record(EVENT, noted(names=["Ada"], profile_ids=[4]))
        assert await trail.written()
    without, with_names = [entry.event for entry in await log.list(AuditFilter(), 10)]
    assert (without.names, with_names.names) == ((), ("Ada",))
    assert without.profile_ids == (4,)


async def test_no_days_no_audit(log: FlakyAudit) -> None:
    trail = AuditTrail(log, days=0)
    async with trail.running():
        trail.record(EVENT, AuditNotes())
    assert await log.actions() == []


async def test_entries_wait_for_the_store_and_lost_ones_are_counted(
    log: FlakyAudit, caplog: pytest.LogCaptureFixture
) -> None:
    trail = AuditTrail(log, days=1, capacity=3)
    log.failure = Unavailable("away")
    for _ in range(5):
        trail.record(EVENT, AuditNotes())
        assert not await trail.written()
    assert caplog.text.count("can't be stored") == 1
    log.failure = None
    assert await trail.written()
    assert await log.actions() == ["recognize_face"] * 3 + ["audit_entries_lost"]
    assert (await log.list(AuditFilter(), 10))[-1].event.result == "2"
    assert "were lost, as too many waited: 2" in caplog.text
    assert not (await ReadAudit(log).verify()).problems


async def test_what_can_never_be_stored_does_not_block_the_rest(log: FlakyAudit) -> None:
    trail = AuditTrail(log, days=1)
    log.refused = "bad"
    for action in ("a", "bad", "b", "c"):
        trail.record(replace(EVENT, action=action), AuditNotes())
    assert await trail.written()
    assert sorted(await log.actions()) == ["a", "audit_entries_lost", "b", "c"]


@in_virtual_time
async def test_written_within_a_second_and_at_the_end(log: FlakyAudit) -> None:
    trail = AuditTrail(log, days=1)
    async with trail.running():
        trail.record(EVENT, AuditNotes())
        assert await log.actions() == []
        await asyncio.sleep(1)
        assert len(await log.actions()) == 1
        trail.record(EVENT, AuditNotes())
    assert len(await log.actions()) == 2


@in_virtual_time
async def test_old_entries_are_removed(log: FlakyAudit) -> None:
    await log.append([replace(EVENT, at=datetime(2020, 1, 1, tzinfo=UTC))] * 2)
    trail = AuditTrail(log, days=1)
    async with trail.running():
        await asyncio.sleep(2)
    assert await log.actions() == []
    assert (await log.chain()).removed_id == 2


async def test_json_lines(log: FlakyAudit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "face.audit")
    trail = AuditTrail(log, days=1, json_lines=True)
    trail.record(EVENT, noted(threshold=0.4, model="sface"))
    await trail.written()
    (entry,) = await log.list(AuditFilter(), 10)
    (line,) = [record.getMessage() for record in caplog.records if record.name == "face.audit"]
    assert "\n" not in line
    told = json.loads(line)
    assert (told["hash"], told["previous"], told["id"]) == (entry.digest().hex(), "0" * 64, 1)
    assert (told["threshold"], told["recognition_model"], "names" in told) == (0.4, "sface", False)


async def test_notes_of_tasks_are_of_their_request() -> None:
    async def request(number: int) -> AuditNotes:
        with noting() as notes:
            await asyncio.gather(*(_note(number, each) for each in range(3)))
        return notes

    async def _note(number: int, each: int) -> None:
        await asyncio.sleep(0)
        note(profile_ids=[ProfileId(number * 10 + each)], threshold=each / 10, verdict="unknown")

    first, second = await asyncio.gather(request(1), request(2))
    assert (list(first.profile_ids), list(second.profile_ids)) == ([10, 11, 12], [20, 21, 22])
    assert (first.threshold, first.result) == (0.0, "unknown")
    note(profile_ids=[ProfileId(1)])  # outside of a request nothing happens


def test_the_result_is_the_verdict_that_says_most() -> None:
    notes = AuditNotes()
    assert notes.result == "done"
    for verdict, result in (("unknown", "unknown"), ("ambiguous", "ambiguous"), ("match", "match")):
        notes.verdicts.add(verdict)
        assert notes.result == result
    assert AuditNotes({"no_match"}).result == "no_match"


def test_ids_are_bounded() -> None:
    notes = noted(profile_ids=range(1, 3 * MAX_IDS))
    assert len(notes.profile_ids) == MAX_IDS
