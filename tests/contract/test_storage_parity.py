"""Whatever was done, the storage adapters answer alike; and collections know nothing of each other."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from application.ports.faces import FaceFilter
from application.ports.gallery import SearchResult
from application.ports.people import ProfileFilter
from domain.errors import CollectionNotFound
from domain.faces import Embedding
from domain.identification import Candidate
from domain.metadata import JSON, Metadata, contains
from tests.contract.actions import COLLECTIONS, TEAMS, Action, Player, actions, collections, points
from tests.contract.storage import Storage, clear, in_memory, on_postgres

TOLERANCE = 1e-3

thoroughly: Callable[..., Callable[..., object]] = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def searched(
    player: Player, probe: Embedding, collection: str, people: int, team: Metadata
) -> SearchResult:
    """Nobody, where there is no collection."""
    try:
        return await player.storage.gallery.search(probe, collection, people, team or None)
    except CollectionNotFound:
        return SearchResult(-1, [])


def described(player: Player, candidate: Candidate) -> object:
    return player.people.index(candidate.profile_id), [player.face(face) for face in candidate.faces]


def best(candidate: Candidate, probe: Embedding) -> float:
    return float((candidate.vectors @ probe.vector).max())


@pytest.fixture(params=["pgvector", "indexed", "sealed"])
def persistent(request: pytest.FixtureRequest) -> Storage:
    adapters: Storage = request.getfixturevalue(request.param)
    return adapters


@thoroughly
@given(done=actions, probe=points, people=st.integers(0, 6), team=st.sampled_from(TEAMS))
async def test_both_answer_alike(
    engine: AsyncEngine,
    persistent: Storage,
    done: list[Action],
    probe: tuple[int, int, int],
    people: int,
    team: Metadata,
) -> None:
    await clear(engine)
    one, two = Player(in_memory()), Player(persistent)
    for action in done:
        assert await one.play(action) == await two.play(action)
    assert await one.everything() == await two.everything()
    embedding = Embedding.of(np.array(probe), "m")
    for collection in COLLECTIONS:
        found = [await searched(player, embedding, collection, people, team) for player in (one, two)]
        assert found[0].searched == found[1].searched
        ours, theirs = ([best(each, embedding) for each in result.candidates] for result in found)
        assert theirs == pytest.approx(ours, abs=TOLERANCE)
        assert len(ours) == min(people, max(0, found[0].searched))
        # Where rounding may decide between two people, either may be it; who is last may have had a rival.
        for place, similarity in enumerate(ours[:-1]):
            if sum(abs(similarity - other) < TOLERANCE for other in ours) == 1:
                assert described(one, found[0].candidates[place]) == described(
                    two, found[1].candidates[place]
                )


async def seen(player: Player, collection: str, probe: Embedding) -> object:
    """All that one collection shows."""
    storage: Storage = player.storage
    try:
        found = await storage.gallery.search(probe, collection, 10)
    except CollectionNotFound:
        return None
    return (
        found.searched,
        [described(player, candidate) for candidate in found.candidates],
        [player.face(face) for face in await storage.faces.list(FaceFilter(collection), 100)],
        [player.person(person) for person in await storage.profiles.list(ProfileFilter(collection), 100)],
        await storage.collections.get(collection),
    )


@thoroughly
@given(done=actions, elsewhere=actions, here=collections, probe=points)
async def test_what_is_done_in_other_collections_is_not_seen(
    engine: AsyncEngine,
    indexed: Storage,
    done: list[Action],
    elsewhere: list[Action],
    here: str,
    probe: tuple[int, int, int],
) -> None:
    await clear(engine)
    embedding = Embedding.of(np.array(probe), "m")
    for storage in (in_memory(), on_postgres(engine), indexed):
        await clear(engine)
        player = Player(storage)
        for action in done:
            await player.play(action)
        before = await seen(player, here, embedding)
        for action in elsewhere:
            if action[1][0] != here:
                await player.play(action)
        assert await seen(player, here, embedding) == before


_json: st.SearchStrategy[JSON] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, 1.0, "", "a", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)
_metadata = st.dictionaries(st.sampled_from("ab"), _json, max_size=2)


@thoroughly
@given(whole=_metadata, part=_metadata)
async def test_metadata_contains_what_the_database_says(
    engine: AsyncEngine, whole: Metadata, part: Metadata
) -> None:
    await clear(engine)
    profiles = on_postgres(engine).profiles
    await profiles.create("default", "Ann", whole)
    found = await profiles.list(ProfileFilter(metadata=part), 1)
    assert [person.metadata for person in found] == [whole] * contains(dict(whole), dict(part))
