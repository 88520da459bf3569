"""What encryption of embeddings where they are stored costs.

    python -m tests.benchmarks.encryption [--faces 100000]

A gallery of random vectors of 128 numbers is made in an embedded server in a temporary folder, measured as it is,
encrypted as `face-api encryption rotate` does, and measured again: filling the index at the start, searching with it
and without, enrolling, and the size of the table.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

import click
import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.aes_gcm.sealing import AesGcmSealing
from adapters.embedded_postgres.server import EmbeddedPostgres
from adapters.gallery_index.faiss.store import FaissIndexStore
from adapters.gallery_index.gallery import IndexedGallery
from adapters.postgres.change_feed import PostgresChangeFeed
from adapters.postgres.encryption import PostgresEncryption
from adapters.postgres.engine import make_engine
from adapters.postgres.gallery import PgVectorGallery
from adapters.postgres.migrations import migrate
from adapters.postgres.repository import PgVectorRepository
from adapters.postgres.sealed_gallery import SealedGallery
from application.encryption import ChangeEncryption
from application.ports.faces import NewFace
from application.ports.gallery import Gallery
from domain.faces import Embedding
from tests.benchmarks.cohorts import MODEL, filled

GALLERY = "measured"
_SEARCHES, _ENROLMENTS, _SCANS = 300, 500, 20
_numbers = count()


def probe() -> Embedding:
    """Somebody."""
    return Embedding.of(np.random.default_rng(next(_numbers)).standard_normal(128), MODEL)


async def median_ms(work: Callable[[], Awaitable[object]], times: int) -> float:
    """Of so many, after one that isn't counted."""
    taken = []
    for _ in range(times + 1):
        start = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - start)
    return 1e3 * statistics.median(taken[1:])


async def start(engine: AsyncEngine, exact: Gallery, folder: Path, *, saves: bool) -> tuple[float, float]:
    """Seconds until the index is filled, and milliseconds of a search."""
    store = FaissIndexStore(folder, 2, saves=saves)
    gallery = IndexedGallery(exact, store, PostgresChangeFeed(engine), 1000)
    began = time.perf_counter()
    async with gallery.running():
        while not gallery.ready:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        filled_s = time.perf_counter() - began
        return filled_s, await median_ms(lambda: gallery.search(probe(), GALLERY, 1), _SEARCHES)


async def show(what: str, engine: AsyncEngine, exact: Gallery, folder: Path, *, saves: bool) -> None:
    """Print a line."""
    filled_s, indexed = await start(engine, exact, folder, saves=saves)
    again = f", {(await start(engine, exact, folder, saves=saves))[0]:.2f} s from files" if saves else ""
    scanned = await median_ms(lambda: exact.search(probe(), GALLERY, 1), _SCANS)
    repository = PgVectorRepository(engine)
    enrolled = await median_ms(
        lambda: repository.add(NewFace(GALLERY, f"new {next(_numbers)}", probe(), "yunet")), _ENROLMENTS
    )
    async with engine.begin() as connection:
        size = await connection.scalar(text("SELECT pg_relation_size('face') + pg_indexes_size('face')"))
    click.echo(
        f"{what}: index filled in {filled_s:.2f} s{again}; search {indexed:.2f} ms, without an index"
        f" {scanned:.1f} ms; enrolment {enrolled:.2f} ms; table and indexes {(size or 0) / 1e6:.0f} MB"
    )


async def rewrite(engine: AsyncEngine) -> None:
    """As a purge does."""
    async with engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await alone.execute(text("VACUUM (FULL, ANALYZE) face"))


async def measure(faces: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "data")
        try:
            url = await server.start()
            plain, sealed = make_engine(url, 2), make_engine(url, 2, AesGcmSealing([os.urandom(32)]))
            await migrate(plain)
            await filled(plain, GALLERY, faces)
            await rewrite(plain)
            await show("plain", plain, PgVectorGallery(plain), Path(folder) / "index", saves=True)
            began = time.perf_counter()
            async for _ in ChangeEncryption(PostgresEncryption(sealed)).execute(decrypt=False):
                pass
            click.echo(f"encrypted in {time.perf_counter() - began:.1f} s")
            await rewrite(plain)
            await show("encrypted", sealed, SealedGallery(sealed), Path(folder) / "none", saves=False)
            await plain.dispose()
            await sealed.dispose()
        finally:
            await server.stop()


@click.command()
@click.option("--faces", default=100_000, help="of the gallery")
def main(faces: int) -> None:
    """Print the figures."""
    asyncio.run(measure(faces))


if __name__ == "__main__":
    main()
