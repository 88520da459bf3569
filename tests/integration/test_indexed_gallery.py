"""Search by indexes that follow a database, to which others write."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.gallery_index.faiss.folders import IndexFolders
from adapters.gallery_index.gallery import IndexedGallery
from adapters.gallery_index.index import MaintenanceIntervals
from adapters.postgres.change_feed import PostgresChangeFeed
from adapters.postgres.engine import make_engine
from adapters.postgres.gallery import PgVectorGallery
from application.ports.change_feed import Changes, FaceRows, GalleryKey
from domain.errors import CollectionNotFound
from domain.people import DEFAULT_COLLECTION as DEFAULT
from tests.contract.enrolment import enrol, names, new, random_embedding, search
from tests.contract.storage import BUSY, GROWING_ROWS, PatientGallery, Storage, on_index, on_postgres

SIZE = 16
MODEL = "large"
KEY = GalleryKey(DEFAULT, MODEL, SIZE)
CALM = MaintenanceIntervals(follow=60, forget=60, save=60, retry=0.05)
"""Nothing is done in the background, so that a search reads all changes itself."""

face = random_embedding


@pytest.fixture
def engine(migrated_engine: AsyncEngine) -> AsyncEngine:
    return migrated_engine


@pytest.fixture
async def others(database_url: str, engine: AsyncEngine) -> AsyncIterator[Storage]:  # noqa: ARG001 - migrates
    """The storage of another process."""
    theirs = make_engine(database_url, 4)
    yield on_postgres(theirs)
    await theirs.dispose()


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collects the searches that the database made alone."""
    searched: list[str] = []
    search = PgVectorGallery.search

    async def noting(self: PgVectorGallery, *arguments: object) -> object:
        searched.append(str(arguments[1]))
        return await search(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(PgVectorGallery, "search", noting)
    return searched


def indexed(storage: Storage) -> IndexedGallery:
    assert isinstance(storage.gallery, PatientGallery)
    return storage.gallery.indexed


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while True:
            # A file that is just being written or removed tells nothing.
            with suppress(OSError, EOFError, ValueError):
                if condition():
                    return
            await asyncio.sleep(0.01)


async def nearest(storage: Storage, seed: int, people: int = 1) -> list[str]:
    return names(await search(storage, face(seed, SIZE), people))


def keys_on_disk(folder: Path) -> set[int]:
    files = [path for path in folder.rglob("keys.npy") if path.exists()]
    return {key for path in files for key in np.load(path).tolist()}


class TestFollowing:
    async def test_changes_by_others_are_in_the_next_answer_in_one_round_trip(
        self, engine: AsyncEngine, others: Storage, tmp_path: Path, exact: list[str]
    ) -> None:
        await enrol(others.faces, *((f"{seed}", face(seed, SIZE)) for seed in range(20)))
        async with on_index(engine, tmp_path, CALM) as storage:
            assert await nearest(storage, 3) == ["3"]
            trips: list[object] = []
            event.listen(engine.sync_engine, "checkout", lambda *_: trips.append(None))
            for seed in range(20, 30):
                (enrolled,) = await enrol(others.faces, (f"{seed}", face(seed, SIZE)))
                assert await nearest(storage, seed, 2) == [f"{seed}", (await nearest(others, seed, 2))[1]]
                assert (await search(storage, face(seed, SIZE), 1)).searched == 21
                await others.faces.delete(DEFAULT, enrolled.id)
                assert (await nearest(storage, seed))[0] != f"{seed}"
            assert exact == [DEFAULT] * 10
            # Who took the place of the removed one wasn't read with them.
            assert len(trips) == 40

    async def test_a_search_that_begins_after_a_commit_sees_it(
        self, engine: AsyncEngine, others: Storage, tmp_path: Path, exact: list[str]
    ) -> None:
        async def come_and_go(storage: Storage, first: int) -> None:
            for seed in range(first, first + 15):
                (enrolled,) = await enrol(others.faces, (f"{seed}", face(seed, SIZE)))
                assert await nearest(storage, seed) == [f"{seed}"]
                await others.profiles.update(DEFAULT, enrolled.profile_id, f"new {seed}")
                assert await nearest(storage, seed) == [f"new {seed}"]
                await others.faces.delete(DEFAULT, enrolled.id)
                assert not {f"{seed}", f"new {seed}"} & {*await nearest(storage, seed, 100)}

        await enrol(others.faces, ("Ann", face(0, SIZE)))
        async with on_index(engine, tmp_path) as storage:
            await asyncio.gather(*(come_and_go(storage, first) for first in range(1000, 1600, 100)))
            assert (await search(storage, face(0, SIZE), 1)).searched == 1
        assert len(exact) < 10

    async def test_an_open_transaction_delays_nobody(
        self, engine: AsyncEngine, others: Storage, tmp_path: Path, database_url: str, exact: list[str]
    ) -> None:
        await enrol(others.faces, ("Ann", face(0, SIZE)))
        slow = make_engine(database_url, 1)
        async with on_index(engine, tmp_path, CALM) as storage, slow.connect() as connection:
            await connection.execute(text("UPDATE face SET detection_model = 'slow'"))
            await connection.execute(text("DELETE FROM face"))
            for seed in range(1, 10):
                await enrol(others.faces, (f"{seed}", face(seed, SIZE)))
                assert await nearest(storage, seed) == [f"{seed}"]
                assert await nearest(storage, 0) == ["Ann"]
            await connection.commit()
            assert (await nearest(storage, 0))[0] != "Ann"
        await slow.dispose()
        assert exact == []

    async def test_the_database_answers_after_more_changes_than_one_reading_has(
        self,
        engine: AsyncEngine,
        others: Storage,
        tmp_path: Path,
        exact: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await enrol(others.faces, ("Ann", face(0, SIZE)))
        monkeypatch.setattr(PostgresChangeFeed.__init__, "__defaults__", (5,))
        async with on_index(engine, tmp_path, CALM) as storage:
            assert await nearest(storage, 0) == ["Ann"]
            await enrol(others.faces, *((f"{seed}", face(seed, SIZE)) for seed in range(1, 20)))
            assert await nearest(storage, 7) == ["7"]
            assert exact == [DEFAULT]
            async with asyncio.timeout(120):
                while exact:
                    exact.clear()
                    assert await nearest(storage, 8) == ["8"]

    async def test_an_index_that_contradicts_the_database_is_filled_again(
        self,
        engine: AsyncEngine,
        others: Storage,
        tmp_path: Path,
        exact: list[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        enrolled = await enrol(others.faces, *((f"{seed}", face(seed, SIZE)) for seed in range(20)))
        async with on_index(engine, tmp_path, CALM) as storage:
            await others.faces.delete(DEFAULT, enrolled[3].id)
            async with engine.begin() as connection:
                await connection.execute(text("DELETE FROM removed_face"))
            found = await indexed(storage).search(face(3, SIZE), DEFAULT, 1)
            assert (found.searched, names(found) != ["3"]) == (19, True)
            assert exact == [DEFAULT]
            assert "is filled again: InconsistentIndex" in caplog.text
            assert (await search(storage, face(3, SIZE), 1)).searched == 19
            assert exact == [DEFAULT]


class TestStarting:
    async def test_a_saved_index_reads_only_what_has_changed_since(
        self,
        engine: AsyncEngine,
        others: Storage,
        tmp_path: Path,
        exact: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        enrolled = await enrol(others.faces, *((f"{seed}", face(seed, SIZE)) for seed in range(20)))
        async with on_index(engine, tmp_path, CALM):
            pass
        await enrol(others.faces, ("new", face(100, SIZE)))
        await others.faces.delete(DEFAULT, enrolled[3].id)
        monkeypatch.delattr(PostgresChangeFeed, "pages")

        async with on_index(engine, tmp_path, CALM) as storage:
            assert await nearest(storage, 100) == ["new"]
            assert await nearest(storage, 4) == ["4"]
            assert (await nearest(storage, 3))[0] != "3"
            assert (await search(storage, face(3, SIZE), 1)).searched == 20
        assert exact == []

    async def test_a_saved_index_of_another_database_is_filled_again(
        self,
        engine: AsyncEngine,
        others: Storage,
        tmp_path: Path,
        exact: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await enrol(others.faces, *((f"{seed}", face(seed, SIZE)) for seed in range(20)))
        async with on_index(engine, tmp_path, CALM):
            pass
        saved = IndexFolders(tmp_path, GROWING_ROWS)
        index = saved.open(KEY)
        nothing = FaceRows(np.array([], int), np.array([], int), np.zeros((0, SIZE), np.float32))
        index.apply(Changes(index.snapshot, f"1{index.snapshot}", nothing, nothing.face_ids))
        index.save()
        saved.close()
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM face WHERE id > (SELECT min(id) + 9 FROM face)"))
            await connection.execute(text("DELETE FROM removed_face"))

        async with on_index(engine, tmp_path, CALM) as storage:
            assert (await search(storage, face(15, SIZE), 1)).searched == 10
        assert exact == []

    async def test_until_it_is_filled_the_database_answers(
        self,
        engine: AsyncEngine,
        others: Storage,
        tmp_path: Path,
        exact: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        go = asyncio.Event()
        snapshot = PostgresChangeFeed.snapshot

        async def waiting(self: PostgresChangeFeed) -> str:
            await go.wait()
            return await snapshot(self)

        monkeypatch.setattr(PostgresChangeFeed, "snapshot", waiting)
        await enrol(others.faces, *((f"{seed}", face(seed, SIZE)) for seed in range(20)))
        starting = on_index(engine, tmp_path, CALM)
        entering = asyncio.create_task(starting.__aenter__())
        await asyncio.sleep(0.1)
        assert not entering.done()
        go.set()
        storage = await entering
        assert await nearest(storage, 4) == ["4"]
        await starting.__aexit__(None, None, None)
        assert exact == []


class TestErasing:
    async def test_a_removed_face_leaves_memory_and_disk_though_nobody_searches(
        self, engine: AsyncEngine, others: Storage, tmp_path: Path
    ) -> None:
        enrolled = await enrol(others.faces, *((f"{seed}", face(seed, SIZE)) for seed in range(20)))
        async with on_index(engine, tmp_path, BUSY):
            await until(lambda: len(keys_on_disk(tmp_path)) == 20)
            await others.faces.delete(DEFAULT, enrolled[3].id)
            await until(lambda: enrolled[3].id not in keys_on_disk(tmp_path))
        assert len(keys_on_disk(tmp_path)) == 19

    async def test_an_index_goes_with_its_collection(
        self, engine: AsyncEngine, others: Storage, tmp_path: Path
    ) -> None:
        await others.collections.create("staff")
        await others.faces.add(new("Ann", face(0, SIZE), "staff"))
        await others.faces.add(new("Bob", face(1, SIZE)))
        async with on_index(engine, tmp_path, BUSY) as storage:
            await until(lambda: len(keys_on_disk(tmp_path)) == 2)
            await others.collections.delete("staff")
            await until(lambda: len(keys_on_disk(tmp_path)) == 1)
            with pytest.raises(CollectionNotFound):
                await search(storage, face(0, SIZE), 1, collection="staff")

    async def test_faces_of_an_earlier_recogniser_get_no_index(
        self, engine: AsyncEngine, others: Storage, tmp_path: Path
    ) -> None:
        embedding = random_embedding(1, SIZE, "sface@1")
        await others.faces.add(new("Ann", embedding))
        async with on_index(engine, tmp_path, CALM):
            assert keys_on_disk(tmp_path) == set()

    async def test_indexes_of_galleries_deleted_meanwhile_are_deleted_at_the_start(
        self, engine: AsyncEngine, others: Storage, tmp_path: Path
    ) -> None:
        (enrolled,) = await enrol(others.faces, ("Ann", face(0, SIZE)))
        async with on_index(engine, tmp_path, CALM):
            pass
        assert len(keys_on_disk(tmp_path)) == 1
        await others.faces.delete(DEFAULT, enrolled.id)
        async with on_index(engine, tmp_path, CALM):
            assert keys_on_disk(tmp_path) == set()
