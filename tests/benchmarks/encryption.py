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
from tests.benchmarks.bulk import Meter
from tests.benchmarks.cohorts import MODEL, filled

GALLERY = "measured"
_SEARCHES, _ENROLMENTS, _SCANS = 300, 300, 5
_numbers = count()


def probe() -> Embedding:
    """Somebody."""
    return Embedding.of(np.random.default_rng(next(_numbers)).standard_normal(128), MODEL)


class Bench:
    """Measures wall time, which others on the machine lengthen, and the processor's, the server's included."""

    def __init__(self, cluster: Path) -> None:
        self._cluster = cluster

    async def told(self, work: Callable[[], Awaitable[object]], times: int) -> str:
        """Milliseconds of one time, after one that isn't counted: the median, and the processor's mean."""
        await work()
        taken = []
        with Meter(self._cluster) as meter:
            for _ in range(times):
                start = time.perf_counter()
                await work()
                taken.append(time.perf_counter() - start)
        return f"{1e3 * statistics.median(taken):.2f} ms ({1e3 * meter.cpu / times:.2f} ms CPU)"

    async def started(self, engine: AsyncEngine, exact: Gallery, folder: Path, *, saves: bool) -> str:
        """How long the index takes until it is filled, and a search with it."""
        store = FaissIndexStore(folder, 2, saves=saves)
        gallery = IndexedGallery(exact, store, PostgresChangeFeed(engine), 1000)
        async with gallery.running():
            with Meter(self._cluster) as meter:
                while not gallery.ready:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            search = await self.told(lambda: gallery.search(probe(), GALLERY, 1), _SEARCHES)
        return f"index filled in {meter.seconds:.2f} s ({meter.cpu:.2f} s CPU), search {search}"

    async def show(
        self, what: str, engine: AsyncEngine, exact: Gallery, folder: Path, *, saves: bool
    ) -> None:
        """Print what there is to say."""
        click.echo(f"{what}: {await self.started(engine, exact, folder, saves=saves)}")
        if saves:
            click.echo(f"{what}, from files: {await self.started(engine, exact, folder, saves=saves)}")
        scanned = await self.told(lambda: exact.search(probe(), GALLERY, 1), _SCANS)
        repository = PgVectorRepository(engine)
        enrolled = await self.told(
            lambda: repository.add(NewFace(GALLERY, f"new {next(_numbers)}", probe(), "yunet")), _ENROLMENTS
        )
        async with engine.begin() as connection:
            size = await connection.scalar(text("SELECT pg_total_relation_size('face')"))
        click.echo(
            f"{what}: without an index {scanned}; enrolment {enrolled}; table {(size or 0) / 1e6:.0f} MB"
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
            bench = Bench(Path(folder) / "data" / "postgres")
            await bench.show("plain", plain, PgVectorGallery(plain), Path(folder) / "index", saves=True)
            began = time.perf_counter()
            async for _ in ChangeEncryption(PostgresEncryption(sealed)).execute(decrypt=False):
                pass
            click.echo(f"encrypted in {time.perf_counter() - began:.1f} s")
            await rewrite(plain)
            await bench.show("encrypted", sealed, SealedGallery(sealed), Path(folder) / "none", saves=False)
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
