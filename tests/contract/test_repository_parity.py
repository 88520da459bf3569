"""Whatever was done, the adapters of EmbeddingRepository answer alike."""

from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.memory.repository import InMemoryRepository
from adapters.postgres.repository import PgVectorRepository
from application.ports.repository import EmbeddingRepository, FaceFilter
from domain.faces import Embedding

_points = st.tuples(*[st.integers(-3, 3)] * 3).filter(any)
_additions = st.tuples(st.just("add"), st.sampled_from("ABCD"), _points, st.sampled_from(["m", "n"]))
_deletions = st.tuples(st.just("delete"), st.integers(0, 30))


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    actions=st.lists(_additions | _deletions, max_size=25),
    probe=_points,
    limit=st.integers(1, 6),
    count=st.integers(1, 10),
)
async def test_both_answer_alike(
    engine: AsyncEngine,
    actions: list[tuple[str, str, tuple[int, int, int], str] | tuple[str, int]],
    probe: tuple[int, int, int],
    limit: int,
    count: int,
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE face, profile"))
    both = (InMemoryRepository(uuid7), PgVectorRepository(engine, uuid7))
    enrolled: tuple[list[UUID], list[UUID]] = ([], [])

    async def act(repository: EmbeddingRepository, ids: list[UUID]) -> list[object]:
        """What is answered, with the places of ids in the order of enrolment for the ids."""
        answers: list[object] = []
        for action in actions:
            if len(action) == 4:
                _, name, point, model = action
                ids.append((await repository.add(name, Embedding.of(np.array(point), model), "d")).id)
            else:
                wanted = action[1]
                answers.append(await repository.delete(ids[wanted] if wanted < len(ids) else uuid4()))
        page = await repository.list(FaceFilter(recognition_model="m"), count, ids[0] if ids else None)
        answers.extend((ids.index(face.id), face.name, face.recognition_model) for face in page)
        return answers

    assert await act(both[0], enrolled[0]) == await act(both[1], enrolled[1])
    found = [await repository.search(Embedding.of(np.array(probe), "m"), limit) for repository in both]
    exact, stored = ([match.similarity for match in matches] for matches in found)
    assert stored == pytest.approx(exact, abs=1e-6)
    for matches in found:
        assert len({match.face.profile_id for match in matches}) == len(matches)
    # Where rounding may not decide between two people, they are the same people.
    for place, (first, second) in enumerate(zip(*found, strict=True)):
        if (
            sum(abs(first.similarity - other.similarity) < 1e-6 for other in found[0]) == 1
            and place < limit - 1
        ):
            assert enrolled[0].index(first.face.id) == enrolled[1].index(second.face.id)
