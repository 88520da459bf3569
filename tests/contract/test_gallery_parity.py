"""Whatever was done, all adapters of the gallery find the same people: by a scan, by an index, by a shared one."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.gallery_index.milvus.connection import MilvusConnection
from domain.errors import CollectionNotFound
from domain.faces import Embedding
from tests.contract.actions import COLLECTIONS, Action, Player, actions, points
from tests.contract.storage import clear, in_memory, on_index, on_milvus, on_postgres

TOLERANCE = 1e-3


async def found(
    player: Player, probe: Embedding, collection: str, people: int
) -> tuple[int, list[float], list[int]]:
    """How many were searched, how near the nearest are, and who they are."""
    try:
        result = await player.storage.gallery.search(probe, collection, people)
    except CollectionNotFound:
        return -1, [], []
    best = [float((candidate.vectors @ probe.vector).max()) for candidate in result.candidates]
    return (
        result.searched,
        best,
        [player.people.index(candidate.profile_id) for candidate in result.candidates],
    )


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(done=actions, later=actions, probe=points, people=st.integers(1, 6))
async def test_all_four_answer_alike(
    engine: AsyncEngine,
    milvus: MilvusConnection,
    tmp_path_factory: pytest.TempPathFactory,
    done: list[Action],
    later: list[Action],
    probe: tuple[int, int, int],
    people: int,
) -> None:
    await clear(engine)
    folder: Path = tmp_path_factory.mktemp("index")
    async with on_index(engine, folder) as indexed:
        memory, database = Player(in_memory()), Player(on_postgres(engine))
        others = [Player(indexed), Player(on_milvus(engine, milvus))]
        embedding = Embedding.of(np.array(probe), "m")
        for some in (done, later):  # the second time there are indexes
            for action in some:
                assert await memory.play(action) == await database.play(action)
            for collection in COLLECTIONS:
                expected = await found(memory, embedding, collection, people)
                for player in (database, *others):
                    player.people = database.people
                    searched, best, who = await found(player, embedding, collection, people)
                    assert searched == expected[0]
                    assert best == pytest.approx(expected[1], abs=TOLERANCE)
                    # Where rounding may decide between two people, either may be it; the last may have had a rival.
                    for place, similarity in enumerate(expected[1][:-1]):
                        if sum(abs(similarity - other) < TOLERANCE for other in expected[1]) == 1:
                            assert who[place] == expected[2][place]
