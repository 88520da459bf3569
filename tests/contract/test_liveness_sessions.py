"""What LivenessSessionStore promises, of each adapter."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from adapters.memory.liveness_sessions import InMemoryLivenessSessions
from adapters.postgres.liveness_sessions import PostgresLivenessSessions
from application.ports.liveness_sessions import LivenessSessionStore, StoredSession
from domain.faces import Embedding
from domain.liveness.errors import LivenessSessionNotFound, LivenessSessionUsed, TooManyLivenessSessions
from domain.liveness.head_motion import HeadShape
from domain.liveness.movements import Movement
from domain.liveness.session import Hint, LivenessSession, Reference, SessionFailure, SessionState
from domain.models import ModelChoice

VIEWS = tuple(Embedding.of(np.arange(1, 9) ** power, "recogniser") for power in (1.0, 2.0, 3.0))
BEGUN = LivenessSession((Movement.LEFT, Movement.UP), mirrored=True)
PASSED = replace(
    BEGUN,
    state=SessionState.PASSED,
    hint=Hint.MOVE,
    done=2,
    marks=(1, 2**47, 3),
    times=(0.25, 1.5),
    seen_at=1.5,
    reference=Reference(HeadShape(tuple(n / 7 for n in range(10))), 2.5, 0.1, 63.5, 2),
    passive=(0.25, 0.875),
    views=VIEWS,
)


def kept(name: str, session: LivenessSession = BEGUN) -> StoredSession:
    return StoredSession(name, f"nonce of {name}", ModelChoice("detector", "recogniser"), session)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> LivenessSessionStore:
    if request.param == "memory":
        return InMemoryLivenessSessions()
    return PostgresLivenessSessions(request.getfixturevalue("engine"))


async def test_a_session_is_found_as_it_was_begun(store: LivenessSessionStore) -> None:
    await store.begin(kept("one"), 60, 10)
    await store.begin(kept("other", PASSED), 60, 10)
    one, other = await store.find("one"), await store.find("other")
    assert replace(one, age_s=0.0) == kept("one")
    assert 0 <= one.age_s < 30
    assert (other.nonce, other.models) == ("nonce of other", ModelChoice("detector", "recogniser"))
    assert replace(other.session, views=()) == replace(PASSED, views=())
    assert [view.model for view in other.session.views] == ["recogniser"] * 3
    for found, given in zip(other.session.views, VIEWS, strict=True):
        np.testing.assert_array_equal(found.vector, given.vector)


@pytest.mark.parametrize("name", ["", "nobody", "\0", "\ud800"])
async def test_an_unknown_session_is_not_found(store: LivenessSessionStore, name: str) -> None:
    await store.begin(kept("one"), 60, 10)
    with pytest.raises(LivenessSessionNotFound):
        await store.find(name)
    with pytest.raises(LivenessSessionNotFound):
        await store.change(name, lambda before: before.session)


async def test_a_change_is_kept_and_answered(store: LivenessSessionStore) -> None:
    await store.begin(kept("one"), 60, 10)
    changed = await store.change("one", lambda before: replace(before.session, done=1, views=VIEWS[:2]))
    assert changed.session.done == 1
    found = await store.find("one")
    assert (found.session.done, len(found.session.views)) == (1, 2)
    assert found.nonce == changed.nonce == "nonce of one"


async def test_a_change_that_raises_changes_nothing(store: LivenessSessionStore) -> None:
    await store.begin(kept("one"), 60, 10)

    def refuse(_: StoredSession) -> LivenessSession:
        raise LivenessSessionUsed

    with pytest.raises(LivenessSessionUsed):
        await store.change("one", refuse)
    assert (await store.find("one")).session == BEGUN


async def test_the_face_of_a_failed_or_used_session_is_gone(store: LivenessSessionStore) -> None:
    for name, end in (("failed", PASSED.failed(SessionFailure.OTHER_FACE)), ("used", PASSED.used())):
        await store.begin(kept(name, PASSED), 60, 10)
        await store.change(name, lambda _, end=end: end)  # type: ignore[misc]
        session = (await store.find(name)).session
        assert (session.views, session.reference) == ((), None)


async def test_changes_at_once_are_made_one_after_another(store: LivenessSessionStore) -> None:
    await store.begin(kept("one"), 60, 10)

    def count(before: StoredSession) -> LivenessSession:
        return replace(before.session, marks=(*before.session.marks, before.session.frames))

    await asyncio.gather(*(store.change("one", count) for _ in range(20)))
    assert (await store.find("one")).session.marks == tuple(range(20))


async def test_of_many_who_use_a_session_at_once_one_does(store: LivenessSessionStore) -> None:
    await store.begin(kept("one", PASSED), 60, 10)

    def spend(before: StoredSession) -> LivenessSession:
        if before.session.state is not SessionState.PASSED:
            raise LivenessSessionUsed
        return before.session.used()

    results = await asyncio.gather(*(store.change("one", spend) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(result, LivenessSessionUsed) for result in results) == 7
    assert sum(isinstance(result, StoredSession) for result in results) == 1


async def test_expired_sessions_are_not_there_and_are_removed(store: LivenessSessionStore) -> None:
    await store.begin(kept("short"), 0.0, 10)
    with pytest.raises(LivenessSessionNotFound):
        await store.find("short")
    with pytest.raises(LivenessSessionNotFound):
        await store.change("short", lambda before: before.session)
    await store.begin(kept("long"), 60, 10)  # which removes the other
    assert await store.purge() == 0
    assert (await store.find("long")).id == "long"


async def test_purging_tells_how_many_were_removed(store: LivenessSessionStore) -> None:
    await store.begin(kept("one"), 60, 10)
    await store.begin(kept("two"), 0.05, 10)
    await asyncio.sleep(0.1)
    assert await store.purge() == 1
    assert await store.purge() == 0


async def test_a_session_that_is_passed_lasts_as_long_as_it_may_be_used(store: LivenessSessionStore) -> None:
    await store.begin(kept("one"), 3, 10)
    await store.begin(kept("two"), 60, 10)
    await store.change("one", lambda _: PASSED, 60)
    await store.change("two", lambda _: PASSED, 0.0)
    with pytest.raises(LivenessSessionNotFound):
        await store.find("two")
    await asyncio.sleep(3.1)
    assert (await store.find("one")).session.state is SessionState.PASSED


async def test_other_changes_leave_the_expiry_alone(store: LivenessSessionStore) -> None:
    await store.begin(kept("one"), 60, 10)
    await store.change("one", lambda before: before.session, 0.0)
    assert (await store.find("one")).session == BEGUN


async def test_there_are_only_so_many_at_once(store: LivenessSessionStore) -> None:
    for name in ("one", "two"):
        await store.begin(kept(name), 60, 2)
    with pytest.raises(TooManyLivenessSessions):
        await store.begin(kept("three"), 60, 2)
    # Whoever makes sessions fail has no more of them.
    await store.change("one", lambda before: before.session.failed(SessionFailure.OTHER_FACE))
    with pytest.raises(TooManyLivenessSessions):
        await store.begin(kept("three"), 60, 2)


async def test_an_expired_session_makes_room(store: LivenessSessionStore) -> None:
    await store.begin(kept("one"), 0.0, 1)
    await store.begin(kept("two"), 60, 1)
    assert (await store.find("two")).id == "two"


async def test_the_limit_holds_for_those_begun_at_once(store: LivenessSessionStore) -> None:
    results = await asyncio.gather(
        *(store.begin(kept(f"session {n}"), 60, 3) for n in range(10)), return_exceptions=True
    )
    assert results.count(None) == 3
    assert sum(isinstance(result, TooManyLivenessSessions) for result in results) == 7
