"""What CohortRepository promises, of each adapter."""

import asyncio

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.memory import cohorts as memory_cohorts
from adapters.postgres import cohorts as postgres_cohorts
from adapters.postgres.engine import make_engine
from application.ports.cohorts import StoredCohort
from domain.errors import Unavailable
from domain.people import DEFAULT_COLLECTION as DEFAULT
from tests.contract.enrolment import LARGE, SMALL, enrol, new, random_embedding
from tests.contract.storage import Storage, on_postgres

DIMENSIONS = 16


async def people(storage: Storage, *numbers: int, model: str = SMALL, collection: str = DEFAULT) -> None:
    """Each with one face, whose embedding tells the number."""
    those = ((f"person {i}", random_embedding(i, DIMENSIONS, model)) for i in numbers)
    await enrol(storage.faces, *those, collection=collection)


def of(*numbers: int) -> set[bytes]:
    return {random_embedding(i, DIMENSIONS).vector.tobytes() for i in numbers}


def members(stored: StoredCohort | None) -> set[bytes]:
    assert stored is not None
    rows = {row.tobytes() for row in stored.cohort.vectors}
    assert len(rows) == len(stored.cohort.vectors)
    return rows


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """Cohorts of few people."""
    for adapter in (memory_cohorts, postgres_cohorts):
        monkeypatch.setattr(adapter, "COHORT_SIZE", 5)
    return 5


async def test_none_was_drawn(storage: Storage) -> None:
    await people(storage, 1, 2)
    assert await storage.cohorts.load(DEFAULT, SMALL) is None


async def test_everybody_is_in_the_cohort_of_a_small_gallery(storage: Storage) -> None:
    await people(storage, 1, 2, 3, 4)
    drawn = await storage.cohorts.draw(DEFAULT, SMALL)
    assert members(drawn) == of(1, 2, 3, 4)
    assert drawn is not None
    assert (drawn.cohort.people, drawn.cohort.vectors.shape) == (4, (4, DIMENSIONS))
    assert drawn.cohort.vectors.dtype == np.float32
    assert drawn.cohort.observed is not None


async def test_what_was_drawn_is_loaded(storage: Storage) -> None:
    await people(storage, *range(6))
    drawn = await storage.cohorts.draw(DEFAULT, SMALL)
    loaded = await storage.cohorts.load(DEFAULT, SMALL)
    assert loaded is not None
    assert drawn is not None
    assert (loaded.version, loaded.cohort.people) == (drawn.version, 6)
    assert loaded.cohort.observed == drawn.cohort.observed
    assert 0 <= drawn.age <= loaded.age < 60
    # In the same order: all processes must come to the same sums.
    assert loaded.cohort.vectors.tobytes() == drawn.cohort.vectors.tobytes()


async def test_what_is_known_is_not_read_again(storage: Storage) -> None:
    await people(storage, 1, 2, 3)
    drawn = await storage.cohorts.draw(DEFAULT, SMALL)
    assert drawn is not None
    loaded = await storage.cohorts.load(DEFAULT, SMALL, drawn)
    assert loaded is not None
    assert loaded.cohort is drawn.cohort


async def test_another_draw_is_another_version(storage: Storage) -> None:
    await people(storage, 1, 2, 3)
    first = await storage.cohorts.draw(DEFAULT, SMALL)
    await people(storage, 4)
    second = await storage.cohorts.draw(DEFAULT, SMALL)
    assert first is not None
    assert second is not None
    assert second.version != first.version
    loaded = await storage.cohorts.load(DEFAULT, SMALL, first)
    assert loaded is not None
    assert loaded.version == second.version
    assert members(loaded) == of(1, 2, 3, 4)


async def test_the_same_people_are_drawn_again(storage: Storage, small: int) -> None:
    await people(storage, *range(40))
    first, second = [await storage.cohorts.draw(DEFAULT, SMALL) for _ in range(2)]
    assert members(first) == members(second)
    assert len(members(first)) == small
    assert first is not None
    assert first.cohort.people == 40


async def test_one_more_person_replaces_one_at_most(storage: Storage, small: int) -> None:
    await people(storage, *range(10))
    before = members(await storage.cohorts.draw(DEFAULT, SMALL))
    changes = 0
    for number in range(10, 40):
        await people(storage, number)
        after = members(await storage.cohorts.draw(DEFAULT, SMALL))
        assert len(after) == small
        assert len(before - after) <= 1
        changes += before != after
        before = after
    # By chance, 5 / 11 + 5 / 12 + ... + 5 / 40 of them: those who came last are no more likely in it, nor less.
    assert 1 <= changes <= 20


async def test_one_person_less_brings_in_one_at_most(storage: Storage, small: int) -> None:
    await people(storage, *range(20))
    before = members(await storage.cohorts.draw(DEFAULT, SMALL))
    enrolled = await storage.archive.faces(DEFAULT, 100)
    chosen = next(each for each in enrolled if each.embedding.vector.tobytes() in before)
    await storage.profiles.delete(DEFAULT, chosen.face.profile_id)
    after = members(await storage.cohorts.draw(DEFAULT, SMALL))
    assert before - after == {chosen.embedding.vector.tobytes()}
    assert len(after - before) == 1
    assert len(after) == small


async def test_a_person_is_there_once_by_the_first_face(storage: Storage) -> None:
    await people(storage, 1, 2)
    for number in (10, 11, 12):
        await storage.faces.add(new("person 1", random_embedding(number, DIMENSIONS, SMALL)))
    drawn = await storage.cohorts.draw(DEFAULT, SMALL)
    assert members(drawn) == of(1, 2)
    assert drawn is not None
    assert drawn.cohort.people == 2


async def test_models_and_collections_have_their_own(storage: Storage) -> None:
    await storage.collections.create("staff")
    await people(storage, 1, 2)
    await people(storage, 3, collection="staff")
    await people(storage, 4, model=LARGE)
    assert members(await storage.cohorts.draw(DEFAULT, SMALL)) == of(1, 2)
    assert members(await storage.cohorts.draw("staff", SMALL)) == of(3)
    assert members(await storage.cohorts.draw(DEFAULT, LARGE)) == of(4)
    assert members(await storage.cohorts.load(DEFAULT, SMALL)) == of(1, 2)
    assert await storage.cohorts.load("staff", LARGE) is None


async def test_deleted_faces_are_missing_at_once(storage: Storage) -> None:
    await people(storage, *range(6))
    drawn = await storage.cohorts.draw(DEFAULT, SMALL)
    gone = await storage.profiles.find(DEFAULT, "person 2")
    assert gone is not None
    assert drawn is not None
    await storage.profiles.delete(DEFAULT, gone.id)
    for known in (None, drawn):
        loaded = await storage.cohorts.load(DEFAULT, SMALL, known)
        assert members(loaded) == of(0, 1, 3, 4, 5)
        assert loaded is not None
        assert loaded.version == drawn.version
        again = await storage.cohorts.load(DEFAULT, SMALL, loaded)
        assert again is not None
        assert again.cohort is loaded.cohort


async def test_when_all_have_gone_nobody_is_in_it(storage: Storage) -> None:
    await people(storage, 1, 2, 3)
    await storage.cohorts.draw(DEFAULT, SMALL)
    for number in (1, 2, 3):
        gone = await storage.profiles.find(DEFAULT, f"person {number}")
        assert gone is not None
        await storage.profiles.delete(DEFAULT, gone.id)
    assert members(await storage.cohorts.load(DEFAULT, SMALL)) == set()
    drawn = await storage.cohorts.draw(DEFAULT, SMALL)
    assert members(drawn) == set()
    assert drawn is not None
    assert drawn.cohort.people == 0


async def test_an_empty_gallery(storage: Storage) -> None:
    drawn = await storage.cohorts.draw(DEFAULT, "nobody's")
    assert members(drawn) == set()
    assert drawn is not None
    assert (drawn.cohort.people, drawn.cohort.observed) == (0, None)
    loaded = await storage.cohorts.load(DEFAULT, "nobody's", drawn)
    assert loaded is not None
    assert loaded.cohort is drawn.cohort


@pytest.mark.parametrize("name", ["nowhere", "null \0"])
async def test_no_such_collection(storage: Storage, name: str) -> None:
    assert await storage.cohorts.draw(name, SMALL) is None
    assert await storage.cohorts.load(name, SMALL) is None


async def test_a_collection_takes_its_cohorts_with_it(storage: Storage) -> None:
    await storage.collections.create("staff")
    await people(storage, 1, 2, collection="staff")
    first = await storage.cohorts.draw("staff", SMALL)
    await storage.collections.delete("staff")
    assert await storage.cohorts.load("staff", SMALL, first) is None
    assert await storage.cohorts.draw("staff", SMALL) is None
    await storage.collections.create("staff")
    assert await storage.cohorts.load("staff", SMALL) is None
    second = await storage.cohorts.draw("staff", SMALL)
    assert first is not None
    assert second is not None
    assert second.version != first.version


@pytest.mark.usefixtures("small")
async def test_many_draws_at_once(storage: Storage) -> None:
    await people(storage, *range(12))
    drawn = await asyncio.gather(*(storage.cohorts.draw(DEFAULT, SMALL) for _ in range(8)))
    assert len({each.version for each in drawn if each}) == 8
    assert len({frozenset(members(each)) for each in drawn}) == 1
    loaded = await storage.cohorts.load(DEFAULT, SMALL)
    assert loaded is not None
    assert loaded.version in {each.version for each in drawn if each}


async def test_draws_beside_changes(storage: Storage) -> None:
    await storage.collections.create("staff")
    await people(storage, 0, 1, 2, collection="staff")

    async def come_and_go(i: int) -> None:
        for _ in range(5):
            face = await enrol(
                storage.faces, (f"other {i}", random_embedding(i, DIMENSIONS, SMALL)), collection="staff"
            )
            await storage.faces.delete("staff", face[0].id)

    async def draw() -> None:
        for _ in range(10):
            drawn = await storage.cohorts.draw("staff", SMALL)
            assert members(drawn) >= of(0, 1, 2)
            assert drawn is not None
            await storage.cohorts.load("staff", SMALL, drawn)

    await asyncio.gather(*(come_and_go(i) for i in (7, 8, 9)), draw(), draw())
    await asyncio.gather(
        storage.collections.delete("staff"), *(storage.cohorts.draw("staff", SMALL) for _ in range(6))
    )
    assert await storage.cohorts.load("staff", SMALL) is None


async def test_rows_hold_no_embedding_and_go_with_their_collection(
    pgvector: Storage, engine: AsyncEngine
) -> None:
    await pgvector.collections.create("staff")
    await people(pgvector, 1, 2, collection="staff")
    await pgvector.cohorts.draw("staff", SMALL)
    async with engine.connect() as connection:
        row = (await connection.execute(text("SELECT * FROM gallery_cohort"))).one()
        assert set(row._mapping) == {
            "collection", "recognition_model", "people", "faces", "version", "drawn_at"
        }  # fmt: skip
    await pgvector.collections.delete("staff")
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM gallery_cohort")) == 0


async def test_vectors_of_another_length_are_left_out(pgvector: Storage, engine: AsyncEngine) -> None:
    await people(pgvector, 1, 2, 3)
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE face SET embedding = '[1,0]' WHERE id = (SELECT max(id) FROM face)")
        )
    drawn = await pgvector.cohorts.draw(DEFAULT, SMALL)
    assert members(drawn) == of(1, 2)
    assert members(await pgvector.cohorts.load(DEFAULT, SMALL)) == of(1, 2)


async def test_a_server_that_does_not_answer(engine: AsyncEngine) -> None:
    other = engine.url.set(query={}, host="127.0.0.1", port=1)
    away = make_engine(other.render_as_string(hide_password=False), 1)
    cohorts = on_postgres(away).cohorts
    with pytest.raises(Unavailable):
        await cohorts.draw(DEFAULT, SMALL)
    with pytest.raises(Unavailable):
        await cohorts.load(DEFAULT, SMALL)
    await away.dispose()
