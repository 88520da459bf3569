"""Deleting by age: in batches, with an audit entry that says why; and the days of matches."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from typing_extensions import override

from adapters.memory.audit import InMemoryAudit
from adapters.memory.people import InMemoryCollections
from adapters.memory.repository import InMemoryRepository
from adapters.memory.retention import InMemoryRetention
from adapters.memory.store import InMemoryStore
from application import retention
from application.audit import AuditTrail
from application.ports.audit import AuditFilter
from application.ports.faces import NewFace
from application.recognition import RecognitionOptions
from application.retention import AppliedRetention, ApplyRetention, MatchDays
from domain.errors import InvalidInput, NoMatch, Unavailable
from domain.people import DEFAULT_COLLECTION, ProfileId
from domain.retention import Retention, RetentionFrom
from tests.unit.application.in_memory_service import InMemoryService
from tests.unit.fakes import BLUE, RED, photo
from tests.unit.instances import embedding

MONTH = Retention(30)
BY_MATCH = Retention(30, RetentionFrom.LAST_MATCH)


class House:
    """The use case over storage in memory."""

    def __init__(self) -> None:
        self.store = InMemoryStore()
        self.faces = InMemoryRepository(self.store)
        self.collections = InMemoryCollections(self.store)
        self.retention = InMemoryRetention(self.store)
        self.audit = InMemoryAudit()
        self.trail = AuditTrail(self.audit, days=1)
        self.apply = ApplyRetention(self.collections, self.retention, self.trail)

    async def enrol(self, name: str, days: float, collection: str = DEFAULT_COLLECTION) -> ProfileId:
        """Enrol a face, so many days ago."""
        face = (await self.faces.add(NewFace(collection, name, embedding(len(name)), "d"))).face
        data, then = self.store.collections[collection], datetime.now(UTC) - timedelta(days=days)
        data.faces[face.id] = replace(data.faces[face.id], created_at=then)
        data.people[face.profile_id].created_at = then
        return face.profile_id


@pytest.fixture
def house() -> House:
    return House()


async def test_deletes_what_is_older_and_says_why(house: House) -> None:
    old = await house.enrol("Ann", 31)
    await house.enrol("Bob", 29)
    assert await house.apply.execute() == []
    await house.collections.set_retention(DEFAULT_COLLECTION, MONTH)
    assert await house.apply.execute(dry_run=True) == [AppliedRetention(DEFAULT_COLLECTION, MONTH, 1, 1)]
    assert await house.audit.list(AuditFilter(), 10) == []
    assert await house.apply.execute() == [AppliedRetention(DEFAULT_COLLECTION, MONTH, 1, 1)]
    (entry,) = await house.audit.list(AuditFilter(), 10)
    assert (entry.event.action, entry.event.result) == ("retention", "enrolled_too_long_ago")
    assert (entry.event.collection, entry.event.profile_ids) == (DEFAULT_COLLECTION, (old,))
    assert await house.apply.execute() == [AppliedRetention(DEFAULT_COLLECTION, MONTH, 0, 0)]
    assert len(await house.audit.list(AuditFilter(), 10)) == 1


async def test_each_collection_by_its_rule(house: House) -> None:
    await house.collections.create("staff", Retention(7))
    await house.collections.create("guests")
    for collection in ("staff", "guests"):
        await house.enrol("Ann", 31, collection)
    applied = await house.apply.execute()
    assert applied == [AppliedRetention("staff", Retention(7), 1, 1)]
    assert len(house.store.collections["guests"].people) == 1


async def test_in_bounded_batches(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    for number in range(10):
        await house.enrol("n" * (number + 1), 31 if number % 5 else 1)
    await house.collections.set_retention(DEFAULT_COLLECTION, MONTH)
    (applied,) = await house.apply.execute() or ()
    assert (applied.people, applied.faces) == (8, 8)
    entries = await house.audit.list(AuditFilter(), 10)
    assert [len(entry.event.profile_ids) for entry in entries] == [2, 2, 3, 1]


async def test_one_process_at_a_time(house: House) -> None:
    async with house.retention.alone():
        assert await house.apply.execute() is None
        assert await house.apply.execute(dry_run=True) == []
    assert await house.apply.execute() == []


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_bounds(days: int) -> None:
    with pytest.raises(InvalidInput):
        Retention(days)


class Refusing(InMemoryRetention):
    """Doesn't answer at first."""

    def __init__(self, store: InMemoryStore) -> None:
        super().__init__(store)
        self.answers = False

    @override
    async def matched(self, people: object, day: date) -> None:
        if not self.answers:
            raise Unavailable("no answer")
        await super().matched(people, day)  # type: ignore[arg-type]


async def test_days_of_matches_wait_for_the_store(house: House) -> None:
    await house.collections.set_retention(DEFAULT_COLLECTION, BY_MATCH)
    ann = await house.enrol("Ann", 40)
    store = Refusing(house.store)
    days = MatchDays(store)
    async with days.running():
        days.add(ann)
        days.add(ann)
        await days.write()
        person = house.store.collections[DEFAULT_COLLECTION].people[ann]
        assert person.last_matched_on is None
        store.answers = True
    assert person.last_matched_on == datetime.now(UTC).date()


async def test_of_more_people_than_fit_some_are_forgotten(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MOST_MATCHED", 1)
    await house.collections.set_retention(DEFAULT_COLLECTION, BY_MATCH)
    people = [await house.enrol("Ann", 40), await house.enrol("Bo", 40)]
    days = MatchDays(house.retention)
    for person in people:
        days.add(person)
    await days.write()
    matched = house.store.collections[DEFAULT_COLLECTION].people
    assert [matched[person].last_matched_on is None for person in people] == [False, True]


async def test_a_recognition_and_a_verification_are_matches() -> None:
    told: list[ProfileId] = []
    service = InMemoryService(matched=told.append)
    ann = await service.enrol("Ann", photo(RED))
    assert await service.who(photo(RED)) == "Ann"
    assert told == [ann.face.profile_id]
    assert (await service.verify.person(photo(RED), "Ann", RecognitionOptions())).match
    assert told == [ann.face.profile_id] * 2
    assert not (await service.verify.person(photo(BLUE), "Ann", RecognitionOptions())).match
    with pytest.raises(NoMatch):
        await service.who(photo(BLUE))
    assert len(told) == 2
