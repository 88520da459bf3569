"""What a user would run instead: pgvector in the embedded server, by exact scan and by an HNSW graph."""

from dataclasses import dataclass
from time import perf_counter

import asyncpg
import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.growth.timing import Times
from tests.benchmarks.simulation import Probes

_WIDTHS = (40, 100, 200, 400, 600, 800, 1000)
"""Values of hnsw.ef_search."""

_ENOUGH = 0.98
_NEAREST = "SELECT id - 1 FROM face ORDER BY {} <#> (SELECT $1::text::vector) LIMIT 1"


@dataclass(frozen=True, slots=True)
class ScanFigures:
    """What is measured of a scan."""

    search: Times
    recall: float


@dataclass(frozen=True, slots=True)
class GraphFigures:
    """What is measured of a graph, at the first ef_search that is good enough or at the last."""

    build_s: float
    ef_search: int
    search: Times
    found: float
    """The part of the probes identified by exact search that it identifies."""


@dataclass(frozen=True, slots=True)
class PgvectorFigures:
    """Both."""

    scan: ScanFigures
    parallel_scan: ScanFigures
    graph: GraphFigures | None


async def measured(
    connection: asyncpg.Connection, probes: Probes, *, graph: bool, scans: int = 40
) -> PgvectorFigures:
    """Search the loaded faces for the probes, the scans for a few of them."""
    await connection.execute("SET jit = off")
    scan = await _scan(connection, probes, scans, workers=0)
    parallel = await _scan(connection, probes, scans, workers=2)
    return PgvectorFigures(scan, parallel, await _graph(connection, probes) if graph else None)


async def _scan(connection: asyncpg.Connection, probes: Probes, count: int, workers: int) -> ScanFigures:
    await connection.execute(f"SET max_parallel_workers_per_gather = {workers}")
    for setting in ("min_parallel_table_scan_size", "parallel_setup_cost", "parallel_tuple_cost"):
        await connection.execute(f"SET {setting} = {0 if workers else 1000}")
    found, times = await _searches(connection, "embedding", probes.vectors[:count])
    return ScanFigures(times, float(np.mean(found == probes.exact[:count, 0])))


async def _graph(connection: asyncpg.Connection, probes: Probes) -> GraphFigures:
    await connection.execute("SET maintenance_work_mem = '3GB'")
    await connection.execute("SET max_parallel_maintenance_workers = 1")
    indexed = f"(embedding::vector({probes.vectors.shape[1]}))"
    start = perf_counter()
    await connection.execute(f"CREATE INDEX ON face USING hnsw ({indexed} vector_ip_ops)", timeout=7200)
    build_s = perf_counter() - start
    await connection.execute("SET enable_seqscan = off")
    mated = np.flatnonzero(probes.exact[:, 0] == probes.mates)
    for width in _WIDTHS:
        await connection.execute(f"SET hnsw.ef_search = {width}")
        rows, times = await _searches(connection, indexed, probes.vectors[mated])
        found = float(np.mean(rows == probes.mates[mated]))
        if found >= _ENOUGH:
            break
    return GraphFigures(build_s, width, times, found)


async def _searches(
    connection: asyncpg.Connection, embedding: str, vectors: NDArray[np.float32]
) -> tuple[NDArray[np.int64], Times]:
    statement = await connection.prepare(_NEAREST.format(embedding))
    rows, seconds = [], []
    for probe in vectors:
        text = str(probe.tolist())
        start = perf_counter()
        rows.append(await statement.fetchval(text))
        seconds.append(perf_counter() - start)
    return np.array(rows), Times.of(seconds)
