"""How search keeps up as the gallery grows: one size at a time."""

from dataclasses import dataclass
from pathlib import Path

import asyncpg
import numpy as np
from numpy.typing import NDArray

from adapters.embedded_postgres.server import EmbeddedPostgres
from adapters.postgres.engine import make_engine
from adapters.postgres.migrations import migrate
from tests.benchmarks import simulation
from tests.benchmarks.galleries import GalleryInMemory
from tests.benchmarks.growth import index_growth, pgvector_growth, service_growth
from tests.benchmarks.growth.index_growth import IndexFigures
from tests.benchmarks.growth.loading import load
from tests.benchmarks.growth.pgvector_growth import PgvectorFigures
from tests.benchmarks.growth.service_growth import ServiceFigures
from tests.benchmarks.simulation import Probes

_CONNECTIONS = 4


@dataclass(frozen=True, slots=True)
class Growth:
    """One size of gallery."""

    faces: int
    dimensions: int
    index: IndexFigures
    service: ServiceFigures | None
    pgvector: PgvectorFigures | None


async def measured(faces: int, dimensions: int, probes: int, folder: Path, *, graph: bool = False) -> Growth:
    """Measure search among simulated faces: by the index, as the service does, and as pgvector does without it.

    Args:
        faces: N.
        dimensions: D.
        probes: photos of enrolled people that are searched for.
        folder: an empty one, for 4 bytes a number and as much for the database.
        graph: make pgvector's graph as well, which takes minutes for a million.
    """
    vectors = simulation.faces(faces, dimensions)
    gallery = GalleryInMemory(vectors)
    sought = simulation.probes(gallery, probes)
    index = index_growth.measured(gallery, sought, folder / "index")
    service, peer = await _in_database(vectors, sought, folder, graph=graph)
    return Growth(faces, dimensions, index, service, peer)


async def _in_database(
    gallery: NDArray[np.float32], probes: Probes, folder: Path, *, graph: bool
) -> tuple[ServiceFigures, PgvectorFigures]:
    server = EmbeddedPostgres(folder)
    url = await server.start()
    try:
        engine = make_engine(url, _CONNECTIONS)
        await migrate(engine)
        connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=60)
        try:
            await load(connection, gallery)
            peer = await pgvector_growth.measured(connection, probes, graph=graph)
        finally:
            await connection.close()
        service = await service_growth.measured(engine, probes, folder / "followed")
        await engine.dispose()
    finally:
        await server.stop()
    return service, peer
