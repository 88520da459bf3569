"""After `purge` no file of the data directory has a byte sequence of what was deleted."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.embedded_postgres.cluster_config import DATABASE, ROLE
from adapters.embedded_postgres.server import EmbeddedPostgres
from adapters.gallery_index.faiss.purge import IndexFilesPurge
from adapters.gallery_index.index import MaintenanceIntervals
from adapters.postgres.engine import make_engine
from adapters.postgres.idempotency import PostgresIdempotency
from adapters.postgres.migrations import migrate
from adapters.postgres.purge import PostgresPurge
from application.erasure import PurgeDeleted
from application.errors import CommandError
from application.ports.faces import NewFace
from domain.faces import Embedding
from domain.people import DEFAULT_COLLECTION as DEFAULT
from domain.people import Face
from tests.contract.storage import Storage, on_index, on_postgres
from tests.e2e.service import furnish

ROWS = 1000
"""More faces than there are: none is quantized, so that their exact numbers are in files."""
MODEL = "sface"
SLOW = MaintenanceIntervals()
"""Nothing but the purge erases anything while a test runs; indexes are saved at their end."""
SIZES = (128, 512)
"""Rows with 512 numbers have their vector in a TOAST table."""


@dataclass(frozen=True, eq=False)
class Secret:
    """Somebody, and what of them must not be found."""

    name: str
    model: str
    vector: np.ndarray[tuple[int], np.dtype[np.float32]]
    crop: bytes

    @classmethod
    def of(cls, number: int, size: int) -> "Secret":
        random = np.random.default_rng([number, size])
        vector = Embedding.of(random.standard_normal(size), MODEL).vector
        return cls(f"Somebody-{size}-{number}-Unmistakable", f"model{size}", vector, random.bytes(20_000))

    def needles(self) -> dict[str, bytes]:
        """Byte sequences by what they are. Half a vector is found where a page or chunk ends in it."""
        numbers = self.vector.astype("<f4").tobytes()
        middle = len(numbers) // 2
        return {
            "first half of the embedding": numbers[:middle][-256:],
            "second half of the embedding": numbers[middle:][:256],
            "begin of the crop": self.crop[:64],
            "middle of the crop": self.crop[10_000:10_064],
            "end of the crop": self.crop[-32:],
            "name": self.name.encode(),
            "digest": hashlib.sha256(self.crop).digest(),
        }

    def found(self, folder: Path) -> dict[str, set[str]]:
        """In which top folders or files what of it is."""
        places: dict[str, set[str]] = {}
        for path, content in files(folder):
            for what, needle in self.needles().items():
                # Parts of it, as pages of the write-ahead log end anywhere.
                if any(needle[start : start + 32] in content for start in range(0, len(needle), 32)):
                    places.setdefault(what, set()).add(path)
        return places


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield "/".join(path.relative_to(folder).parts[:2]), path.read_bytes()


async def enrol(storage: Storage, person: Secret) -> Face:
    embedding = Embedding(person.vector, person.model)
    digest = hashlib.sha256(person.crop).digest()
    new = NewFace(DEFAULT, person.name, embedding, "yunet", digest, person.crop)
    return (await storage.faces.add(new)).face


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
async def engine(data: Path) -> AsyncIterator[AsyncEngine]:
    """Of a server of its own, whose files are searched."""
    furnish(data)
    server = EmbeddedPostgres(data)
    engine = make_engine(await server.start(), 4)
    await migrate(engine)
    yield engine
    await engine.dispose()
    await server.stop()


async def run(engine: AsyncEngine, statement: str) -> None:
    single = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with single.connect() as connection:
        await connection.execute(text(statement))


def purging(engine: AsyncEngine, data: Path) -> PurgeDeleted:
    return PurgeDeleted(PostgresPurge(engine, own_server=False), IndexFilesPurge(data / "index"))


@pytest.mark.parametrize("size", SIZES)
async def test_nothing_of_the_deleted_is_found_afterwards(engine: AsyncEngine, data: Path, size: int) -> None:
    people = [Secret.of(number, size) for number in range(40)]
    gone, staying = people[7], people[8]
    # The first index is saved at its end; the second has the files open while they are purged.
    async with on_index(engine, data / "index", SLOW, ROWS) as storage:
        faces = [await enrol(storage, person) for person in people]
        await storage.gallery.search(Embedding(gone.vector, gone.model), DEFAULT, 1)
    await run(engine, "ANALYZE")
    async with on_index(engine, data / "index", SLOW, ROWS) as storage:
        assert await storage.faces.delete(DEFAULT, faces[7].id)
        await run(engine, "CHECKPOINT")
        before = gone.found(data)
        assert before.keys() == gone.needles().keys()
        for half in ("first", "second"):
            places = {place.split("/")[1] for place in before[f"{half} half of the embedding"]}
            assert places > {"base", "pg_wal"}
        assert len(before["first half of the embedding"]) > 2
        assert "postgres/base" in before["middle of the crop"]
        assert "postgres/base" in before["name"]

        assert await purging(engine, data).execute() == []
        assert gone.found(data) == {}
        # What stays is found, so that the search is able to find.
        assert staying.found(data).keys() == staying.needles().keys()
        found = await storage.gallery.search(Embedding(staying.vector, staying.model), DEFAULT, 1)
        assert found.searched == 39
        assert found.candidates[0].profile_id == faces[8].profile_id
    assert gone.found(data) == {}


async def test_saved_indexes_that_nobody_has_open_are_removed(engine: AsyncEngine, data: Path) -> None:
    gone = Secret.of(1, 128)
    async with on_index(engine, data / "index", SLOW, ROWS) as storage:
        face = await enrol(storage, gone)
        await storage.gallery.search(Embedding(gone.vector, gone.model), DEFAULT, 1)
    await on_postgres(engine).faces.delete(DEFAULT, face.id)
    assert "first half of the embedding" in gone.found(data / "index")
    assert await IndexFilesPurge(data / "index").purge() == []
    assert gone.found(data / "index") == {}


async def test_again_and_again(engine: AsyncEngine, data: Path) -> None:
    storage = on_postgres(engine)
    for number in range(3):
        person = Secret.of(number, 128)
        face = await enrol(storage, person)
        await storage.profiles.delete(DEFAULT, face.profile_id)
        assert await purging(engine, data).execute() == []
        assert person.found(data) == {}


async def test_answers_that_name_somebody_who_is_gone_go(engine: AsyncEngine, data: Path) -> None:
    storage, answers = on_postgres(engine), PostgresIdempotency(engine)
    gone, staying = await enrol(storage, Secret.of(1, 128)), await enrol(storage, Secret.of(2, 128))
    for name, body in {
        "gone": f'{{"data": {{"id": 1, "profile_id": {gone.profile_id}, "name": "{gone.name}"}}}}',
        "resembling": f'{{"data": {{"profile_id": {staying.profile_id},'
        f' "warnings": [{{"profile_id": {gone.profile_id}}}]}}}}',
        "staying": f'{{"data": {{"id": 2, "profile_id": {staying.profile_id}}}}}',
    }.items():
        assert await answers.begin(name, b"fingerprint") is None
        await answers.finish(name, body.encode())
    assert await answers.begin("running", b"fingerprint") is None
    await storage.profiles.delete(DEFAULT, gone.profile_id)
    await purging(engine, data).execute()
    async with engine.connect() as connection:
        left = set((await connection.scalars(text("SELECT key FROM idempotency"))).all())
    assert left == {"staying", "running"}


async def test_waits_for_whoever_reads_an_older_state(
    engine: AsyncEngine, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.postgres.purge.READERS_WAIT_S", 0.5)
    storage, gone = on_postgres(engine), Secret.of(1, 128)
    face = await enrol(storage, gone)
    async with storage.archive.snapshot() as older:
        assert len(await older.faces(DEFAULT, 10)) == 1
        await storage.profiles.delete(DEFAULT, face.profile_id)
        with pytest.raises(CommandError, match="has read an older state"):
            await purging(engine, data).execute()
    assert gone.found(data)
    assert await purging(engine, data).execute() == []
    assert gone.found(data) == {}


async def test_statistics_have_no_embeddings(engine: AsyncEngine) -> None:
    storage = on_postgres(engine)
    for number in range(20):
        await enrol(storage, Secret.of(number, 128))
    await run(engine, "ANALYZE")
    async with engine.connect() as connection:
        columns = text("SELECT attname FROM pg_stats WHERE tablename IN ('face', 'face_crop')")
        found = set((await connection.scalars(columns)).all())
        storage_kinds = text(
            "SELECT attname, attstorage::text FROM pg_attribute"
            " WHERE attname IN ('embedding', 'image') AND attrelid IN ('face'::regclass, 'face_crop'::regclass)"
        )
        kinds = dict(tuple(row) for row in (await connection.execute(storage_kinds)).all())
    assert "profile_id" in found
    assert not found & {"embedding", "digest", "image"}
    # Never compressed: their bytes are as they were given.
    assert kinds == {"embedding": "e", "image": "e"}


async def test_a_cluster_of_an_earlier_version_gets_the_privileges(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap = (
        f"CREATE EXTENSION vector\nCREATE ROLE {ROLE} LOGIN\nCREATE DATABASE {DATABASE} OWNER {ROLE}\n"
    )
    monkeypatch.setattr("adapters.embedded_postgres.server._BOOTSTRAP", bootstrap)
    for left in (["GRANT pg_checkpoint"], []):
        server = EmbeddedPostgres(data)
        engine = make_engine(await server.start(), 4)
        await migrate(engine)
        told = await purging(engine, data).execute()
        assert len(told) == len(left)
        assert all(expected in sentence for expected, sentence in zip(left, told, strict=True))
        await engine.dispose()
        await server.stop()
        # As where an earlier version made the cluster.
        (data / "postgres.grants").unlink()
