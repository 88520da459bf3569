"""What RetentionStore promises, of each adapter."""

from datetime import UTC, date, datetime, timedelta

import pytest

from application.ports.archive import FaceToRestore, PersonToRestore
from application.ports.faces import FaceFilter
from application.ports.people import ProfileFilter
from application.ports.retention import ExpiredPerson, Expiry
from domain.people import DEFAULT_COLLECTION as DEFAULT
from domain.people import Collection, ProfileId
from domain.retention import Retention, RetentionFrom
from tests.contract.enrolment import at
from tests.contract.storage import Storage

NOW = datetime.now(UTC)
ENROLLED = Expiry(DEFAULT, RetentionFrom.ENROLMENT, NOW - timedelta(days=30))
MATCHED = Expiry(DEFAULT, RetentionFrom.LAST_MATCH, NOW - timedelta(days=30))


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


async def person(storage: Storage, name: str, created: float, *faces: float) -> ProfileId:
    """Somebody created so many days ago, with faces enrolled so many days ago."""
    archived = PersonToRestore(1, name, {}, ago(created))
    (restored,) = await storage.archive.restore_people(DEFAULT, [archived], keep_ids=False)
    for number, days in enumerate(faces):
        face = FaceToRestore(1, 1, "yunet", at(number), bytes([number]) * 32, None, ago(days))
        await storage.archive.restore_faces(DEFAULT, [face], [restored.id], keep_ids=False)
    return restored.id


async def left(storage: Storage) -> dict[str, int]:
    return {each.name: each.faces for each in await storage.profiles.list(ProfileFilter(), 100)}


async def everything(storage: Storage, expiry: Expiry) -> dict[ProfileId, tuple[int, bool]]:
    page = await storage.retention.expired(expiry, 100)
    assert page.next is None
    return {each.id: (each.faces, each.whole) for each in page.people}


async def test_from_enrolment_each_face_goes_by_itself(storage: Storage) -> None:
    old = await person(storage, "Old", 90, 40, 50)
    both = await person(storage, "Both", 90, 40, 20)
    await person(storage, "New", 90, 20)
    empty = await person(storage, "Empty", 40)
    await person(storage, "Recent", 20)
    expected = {old: (2, True), both: (1, False), empty: (0, True)}
    assert await everything(storage, ENROLLED) == expected
    removed = await storage.retention.remove(ENROLLED, list(expected))
    assert removed.profile_ids == [old, empty]
    assert len(removed.face_ids) == 3
    assert await left(storage) == {"Both": 1, "New": 1, "Recent": 0}
    assert await everything(storage, ENROLLED) == {}
    found = await storage.gallery.search(at(0), DEFAULT, 10)
    assert found.searched == 2


async def test_from_the_last_match_the_person_goes_with_all_faces(storage: Storage) -> None:
    old = await person(storage, "Old", 90, 40, 50)
    await person(storage, "Both", 90, 40, 20)
    matched = await person(storage, "Matched", 90, 40)
    long_ago = await person(storage, "Long ago", 90, 80)
    await storage.collections.set_retention(DEFAULT, Retention(30, RetentionFrom.LAST_MATCH))
    await storage.retention.matched([matched], ago(10).date())
    await storage.retention.matched([long_ago], ago(60).date())
    # Matches are written down only from now on: until then nobody is too old.
    assert await everything(storage, MATCHED) == {}
    later = Expiry(DEFAULT, RetentionFrom.LAST_MATCH, datetime.now(UTC) + timedelta(seconds=1))
    assert (await everything(storage, later)).keys() >= {old, long_ago, matched}


async def test_a_later_match_keeps_somebody(storage: Storage) -> None:
    matched, other = await person(storage, "Matched", 90, 40), await person(storage, "Other", 90, 40)
    await storage.collections.set_retention(DEFAULT, Retention(30, RetentionFrom.LAST_MATCH))
    today = datetime.now(UTC).date()
    await storage.retention.matched([matched], today)
    await storage.retention.matched([matched], date(2020, 1, 1))
    # As if the rule had been there all the time: after today, but before the day of the match has ended.
    soon = Expiry(DEFAULT, RetentionFrom.LAST_MATCH, datetime.now(UTC) + timedelta(microseconds=1))
    assert await everything(storage, soon) == {other: (1, True)}
    removed = await storage.retention.remove(soon, [matched, other])
    assert (removed.profile_ids, len(removed.face_ids)) == ([other], 1)
    assert await left(storage) == {"Matched": 1}


async def test_matches_are_written_only_where_they_count(storage: Storage) -> None:
    one = await person(storage, "One", 90, 40)
    await storage.retention.matched([one], datetime.now(UTC).date())
    await storage.collections.set_retention(DEFAULT, Retention(30, RetentionFrom.LAST_MATCH))
    soon = Expiry(DEFAULT, RetentionFrom.LAST_MATCH, datetime.now(UTC) + timedelta(microseconds=1))
    assert await everything(storage, soon) == {one: (1, True)}


async def test_in_pages(storage: Storage) -> None:
    ids = [await person(storage, f"{number}", 90, *([40] if number % 2 else [10])) for number in range(5)]
    page = await storage.retention.expired(ENROLLED, 2)
    assert page.people == [ExpiredPerson(ids[1], 1, whole=True)]
    assert page.next == ids[1]
    page = await storage.retention.expired(ENROLLED, 2, page.next)
    assert page.people == [ExpiredPerson(ids[3], 1, whole=True)]
    page = await storage.retention.expired(ENROLLED, 2, page.next)
    assert (page.people, page.next) == ([], None)


async def test_what_is_not_too_old_any_more_stays(storage: Storage) -> None:
    one = await person(storage, "One", 90, 40)
    await storage.faces.delete(DEFAULT, (await storage.faces.list(FaceFilter(), 1))[0].id)
    again = await person(storage, "One", 1, 1)
    assert (await storage.retention.remove(ENROLLED, [one, again])).face_ids == []
    assert await left(storage) == {"One": 1}


async def test_one_at_a_time(storage: Storage) -> None:
    async with storage.retention.alone() as first, storage.retention.alone() as second:
        assert (first, second) == (True, False)
    async with storage.retention.alone() as again:
        assert again


@pytest.mark.parametrize("since", list(RetentionFrom))
async def test_rules_are_kept(storage: Storage, since: RetentionFrom) -> None:
    rule = Retention(7, since)
    assert await storage.collections.create("staff", rule) == Collection("staff", 0, rule)
    assert await storage.collections.get("staff") == Collection("staff", 0, rule)
    other = Retention(None, RetentionFrom.LAST_MATCH)
    assert await storage.collections.set_retention("staff", other) == Collection("staff", 0, other)
    assert await storage.collections.list(10) == [Collection(DEFAULT, 0), Collection("staff", 0, other)]
    assert await storage.collections.set_retention("nowhere", rule) is None
