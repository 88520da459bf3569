"""The chain of audit entries: every single change is found."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.api_keys import KeyId
from domain.audit import AuditChain, AuditEntry, AuditEvent, ChainCheck, chained
from domain.people import FaceId, ProfileId

ids = st.integers(1, 2**53 - 1)
events = st.builds(
    AuditEvent,
    at=st.datetimes(timezones=st.just(UTC)),
    action=st.text(max_size=8),
    result=st.text(max_size=8),
    key_id=st.none() | ids.map(KeyId),
    client=st.none() | st.text(max_size=8),
    request_id=st.none() | st.text(max_size=8),
    collection=st.none() | st.text(max_size=8),
    profile_ids=st.lists(ids.map(ProfileId), max_size=3).map(tuple),
    face_ids=st.lists(ids.map(FaceId), max_size=3).map(tuple),
    target_keys=st.lists(ids.map(KeyId), max_size=3).map(tuple),
    names=st.lists(st.text(max_size=4), max_size=2).map(tuple),
    recognition_model=st.none() | st.text(max_size=8),
    threshold=st.none() | st.floats(-1, 1).filter(bool),
)
FIELDS = list(AuditEvent.__dataclass_fields__)


def chain_of(entries: Sequence[AuditEntry]) -> AuditChain:
    return AuditChain(last_id=entries[-1].id, last_hash=entries[-1].digest())


def problems(chain: AuditChain, entries: Sequence[AuditEntry]) -> list[str]:
    check = ChainCheck(chain)
    for entry in entries:
        check.add(entry)
    return check.finish()


@given(st.lists(events, min_size=1, max_size=6), st.data())
def test_any_single_change_is_found(happened: list[AuditEvent], data: st.DataObject) -> None:
    entries = list(chained(AuditChain(), happened))
    chain = chain_of(entries)
    assert problems(chain, entries) == []
    place = data.draw(st.integers(0, len(entries) - 1))
    entry = entries[place]
    kind = data.draw(st.sampled_from(["removed", "inserted", "moved", "relinked", *FIELDS]))
    if kind == "removed":
        del entries[place]
    elif kind == "inserted":
        entries.insert(place, data.draw(st.sampled_from([entry, replace(entry, event=data.draw(events))])))
    elif kind == "moved":
        entries[place] = replace(entry, id=entry.id + data.draw(st.integers(1, 3)))
    elif kind == "relinked":
        entries[place] = replace(entry, previous=data.draw(st.binary(min_size=32, max_size=32)))
        if entries[place] == entry:
            return
    else:
        new = getattr(data.draw(events), kind)
        if new == getattr(entry.event, kind):
            return
        entries[place] = replace(entry, event=replace(entry.event, **{kind: new}))
    assert problems(chain, entries)


@given(st.lists(events, min_size=2, max_size=6), st.data())
def test_what_is_left_after_a_removal_still_fits(happened: list[AuditEvent], data: st.DataObject) -> None:
    entries = list(chained(AuditChain(), happened))
    cut = data.draw(st.integers(1, len(entries)))
    removed = entries[cut - 1]
    chain = replace(chain_of(entries), removed_id=removed.id, removed_hash=removed.digest())
    assert problems(chain, entries[cut:]) == []
    assert problems(replace(chain, removed_hash=bytes(32)), entries[cut:]) or cut == len(entries)


def test_the_canonical_form() -> None:
    at = datetime(2026, 11, 28, 13, 30, tzinfo=UTC)
    event = AuditEvent(at=at, action="verify_faces", result="match", names=("Zoë",), threshold=0.41)
    (entry,) = chained(AuditChain(), [event])
    assert entry.canonical() == (
        b'{"action":"verify_faces","at":"2026-11-28T13:30:00.000000+00:00","client":null,"collection":null,'
        b'"face_ids":[],"id":1,"key_id":null,"names":["Zo\\u00eb"],"previous":"' + b"0" * 64 + b'",'
        b'"profile_ids":[],"recognition_model":null,"request_id":null,"result":"match","target_keys":[],'
        b'"threshold":0.41}'
    )
    assert json.loads(entry.canonical())["at"] == at.isoformat(timespec="microseconds")


@pytest.mark.parametrize("hours", [-5, 0, 9])
def test_time_zones_do_not_matter(hours: int) -> None:
    at = datetime(2026, 11, 28, 13, 30, tzinfo=UTC)
    there = at.astimezone(timezone(timedelta(hours=hours)))
    one, other = (
        chained(AuditChain(), [AuditEvent(at=time, action="a", result="done")])[0].digest()
        for time in (at, there)
    )
    assert one == other
