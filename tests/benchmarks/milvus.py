"""The index that instances share, on milvus-lite: `python -m tests.benchmarks.milvus`.

How often people are identified, against exact search; whether drift is found and repaired; and whether builders and
followers that are killed leave the same content as those that are not.
"""

import asyncio
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import click
import numpy as np
import uvloop

from adapters.embedded_postgres.server import EmbeddedPostgres
from adapters.gallery_index.milvus.catching_up import Told
from adapters.gallery_index.milvus.connection import IndexAddress, MilvusConnection
from adapters.gallery_index.milvus.counts import PeopleCounts
from adapters.gallery_index.milvus.gallery import SharedIndexGallery
from adapters.gallery_index.milvus.generations import series_of
from adapters.gallery_index.milvus.rows import IndexRows
from adapters.gallery_index.milvus.shared_index import SharedIndex
from adapters.gallery_index.milvus.verification import Drift, VerifyIndex
from adapters.gallery_index.milvus.view import IndexView
from adapters.postgres.engine import make_engine
from adapters.postgres.gallery import PgVectorGallery
from adapters.postgres.migrations import migrate
from adapters.postgres.shared_index import PostgresSharedIndexFeed
from application.ports.change_feed import FaceRows, GalleryKey
from domain.faces import Embedding
from domain.people import DEFAULT_COLLECTION
from tests.benchmarks import simulation
from tests.benchmarks.galleries import GalleryInMemory
from tests.benchmarks.growth.loading import MODEL, load

DIMENSIONS = 128
KEY = GalleryKey(DEFAULT_COLLECTION, MODEL, DIMENSIONS)
_DRIFT = 1000


@click.command()
@click.option("--faces", default=100_000, show_default=True)
@click.option("--probes", default=300, show_default=True)
@click.option("--type", "types", multiple=True, default=["FLAT", "IVF_FLAT"], show_default=True)
@click.option("--kills", default=10, show_default=True, help="of a builder, and as many of a follower")
@click.option("--killed-faces", default=8_000, show_default=True, help="in the gallery of the kills")
def milvus(faces: int, probes: int, types: list[str], kills: int, killed_faces: int) -> None:
    """Measure the shared index on milvus-lite."""
    if probes:
        uvloop.run(_measured(faces, probes, types))
    if kills:
        uvloop.run(_killed(killed_faces, kills))


@asynccontextmanager
async def _loaded(faces: int) -> AsyncIterator[tuple[str, Path, np.ndarray]]:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "data")
        url = await server.start()
        try:
            engine = make_engine(url, 1)
            await migrate(engine)
            await engine.dispose()
            gallery = simulation.faces(faces, DIMENSIONS)
            connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=60)
            await load(connection, gallery)
            await connection.close()
            yield url, Path(folder), gallery
        finally:
            await server.stop()


@asynccontextmanager
async def opened(url: str, folder: Path, index_type: str = "FLAT") -> AsyncIterator[SharedIndex]:
    """An index of its own process."""
    engine = make_engine(url, 4)
    connection = MilvusConnection(IndexAddress(str(folder)), 4)
    try:
        yield SharedIndex(connection, PostgresSharedIndexFeed(engine), index_type)
    finally:
        await connection.close()
        await engine.dispose()


async def _measured(faces: int, count: int, types: list[str]) -> None:
    async with _loaded(faces) as (url, folder, gallery):
        probes = simulation.probes(GalleryInMemory(gallery), count)
        click.echo(f"{faces:,} faces, {count} probes; exact: {probes.identified:.1%} identified")
        for index_type in types:
            async with opened(url, folder / "milvus", index_type) as index:
                began = time.monotonic()
                told = Told()
                await index.build(series_of(KEY), told)
                built = time.monotonic() - began
                view = IndexView(index)
                await view.refresh()
                counts = PeopleCounts(index.feed)
                await counts.refresh([KEY], view.faces)
                database = PgVectorGallery(index.feed._shared._engine)  # type: ignore[attr-defined]
                shared = SharedIndexGallery(database, view, index.feed, counts, 1, 0)
                found, times = [], []
                for vector in probes.vectors:
                    began = time.monotonic()
                    result = await shared.search(Embedding.of(vector, MODEL), DEFAULT_COLLECTION, 1)
                    times.append(1000 * (time.monotonic() - began))
                    found.append(result.candidates[0].profile_id - 1)
                identified = float(np.mean(np.array(found) == probes.mates))
                same = float(np.mean(np.array(found) == probes.exact[:, 0]))
                click.echo(
                    f"{index_type}: {identified:.1%} identified, the nearest found {same:.1%}, built in {built:.0f} s"
                    f" ({told.faces / built:,.0f} faces a second), search p50 {statistics.median(times):.0f} ms"
                )
        async with opened(url, folder / "milvus", types[-1]) as index:
            await _drift(index)


async def _drift(index: SharedIndex) -> None:
    (serving,) = await index.serving()
    rows = index.rows(serving)
    await drift(rows, _DRIFT)
    for repair in (False, True, False):
        began = time.monotonic()
        (found,) = await verified(index, repair=repair)
        click.echo(
            f"verify{' --repair' * repair}: {found.missing} missing, {found.stale} stale, {found.orphaned} orphaned,"
            f" {time.monotonic() - began:.0f} s"
        )


async def drift(rows: IndexRows, count: int) -> None:
    """Delete some rows, give others to somebody else or another embedding, and add faces that there are not."""
    part = count // 4
    ids = np.arange(1, 2 * count, 2, dtype=np.int64)
    await rows.remove(KEY, ids[:part].tolist())
    known = await rows.get(KEY, ids[part : 2 * part].tolist())
    await rows.write(KEY, FaceRows(known.face_ids, known.person_ids + 1, known.vectors))
    known = await rows.get(KEY, ids[2 * part : 3 * part].tolist())
    await rows.write(KEY, FaceRows(known.face_ids, known.person_ids, np.roll(known.vectors, 1, axis=1)))
    await rows.write(KEY, FaceRows(10**9 + ids[:part], ids[:part], simulation.faces(part, DIMENSIONS, 9)))


async def verified(index: SharedIndex, *, repair: bool = False) -> list[Drift]:
    """What differs."""
    return list(await VerifyIndex(index, repair=repair, on_progress=lambda _: None).execute())


async def _killed(faces: int, times: int) -> None:
    random = np.random.default_rng(0)
    async with _loaded(faces) as (url, folder, _):
        for work in ("build", "follow"):
            equal = kills = 0
            for _ in range(times):
                if work == "follow":
                    await _change(url, random)
                kills += await _kill_once(url, folder / "milvus", work, random)
                async with opened(url, folder / "milvus") as index:
                    if work == "build":
                        await index.build(series_of(KEY))
                    else:
                        await index.follow()
                    (found,) = await verified(index)
                    (serving,) = await index.serving()
                    indexed = await index.rows(serving).count(DEFAULT_COLLECTION)
                equal += found.differences == 0 and indexed == found.checked
            click.echo(
                f"{work}: killed {kills} of {times} times, the same content afterwards {equal} of {times} times"
            )


async def _kill_once(url: str, folder: Path, work: str, random: np.random.Generator) -> int:
    command = [sys.executable, "-m", "tests.benchmarks.milvus_worker", url, str(folder), work]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: ASYNC220
    assert process.stdout is not None
    for line in process.stdout:
        if line == b"ready\n":
            break
    await asyncio.sleep(random.uniform(0.05, 4 if work == "build" else 2))
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


async def _change(url: str, random: np.random.Generator) -> None:
    """Thousands of changes: new faces, new embeddings, and deletions."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=60)
    low = int(random.integers(1, 4_000))
    await connection.execute(
        """
        INSERT INTO face (profile_id, collection, recognition_model, detection_model, embedding)
        SELECT profile_id, collection, recognition_model, detection_model, embedding FROM face
        WHERE id BETWEEN $1 AND $2
        """,
        low,
        low + 3000,
    )
    await connection.execute("DELETE FROM face WHERE id BETWEEN $1 AND $2", low + 500, low + 1500)
    await connection.execute(
        "UPDATE face SET detection_model = 'other' WHERE id BETWEEN $1 AND $2", low, low + 499
    )
    await connection.close()


if __name__ == "__main__":
    milvus()
