"""Whether hash partitions of `face` would help: `python -m tests.benchmarks.partitions [--faces 500000]`.

Simulated faces are copied into tables with the columns and indexes of `face`: a plain one, one partitioned by the
person and one by the face's own id. Printed are the bytes of a face, and for each table the filling, the reading of
three people's faces as a search does it (the tenth percentile of 500, which other programs hardly disturb), and a
VACUUM after a hundredth was deleted. The order of the tables changes from one round to the next.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import asyncpg
import click
import numpy as np

from adapters.embedded_postgres.server import EmbeddedPostgres
from adapters.postgres.engine import make_engine
from adapters.postgres.migrations import migrate
from tests.benchmarks.growth.loading import load
from tests.benchmarks.simulation import faces as simulated
from tests.benchmarks.statistics import percentile

PARTITIONS = 16
TABLES = {"plain": None, "by person": "profile_id", "by face": "id"}
_INDEXES = (
    "id",
    "collection, id",
    "collection, recognition_model, id",
    "profile_id, id",
    "collection, recognition_model, profile_id",
    "collection, recognition_model, revision, id",
)
_READ = "SELECT id, embedding FROM {} WHERE profile_id = ANY($1::bigint[])"
_READS, _ROUNDS = 500, 3
_QUIET = 0.1
"""The part of the readings that other programs hardly disturb."""
_LONG_S = 3600


async def made(connection: asyncpg.Connection, table: str, key: str | None) -> float:
    """Seconds that it takes to fill a table."""
    await connection.execute(f"DROP TABLE IF EXISTS {table}")
    by = "" if key is None else f"PARTITION BY HASH ({key})"
    await connection.execute(f"CREATE TABLE {table} (LIKE face INCLUDING DEFAULTS) {by}")
    for number in range(PARTITIONS if key else 0):
        await connection.execute(
            f"CREATE TABLE {table}_{number} PARTITION OF {table}"
            f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
        )
    for columns in _INDEXES:
        await connection.execute(f"CREATE INDEX ON {table} ({columns})")
    start = time.perf_counter()
    await connection.execute(f"INSERT INTO {table} SELECT * FROM face", timeout=_LONG_S)  # noqa: S608 - ours
    taken = time.perf_counter() - start
    await connection.execute(f"VACUUM ANALYZE {table}", timeout=_LONG_S)
    return taken


async def measure(url: dict[str, object], count: int) -> None:
    """Print the figures."""
    connection = await asyncpg.connect(**url)
    await load(connection, simulated(count, 128), "sface")
    sizes = await connection.fetchrow(
        "SELECT pg_table_size('face') / $1::float8, pg_indexes_size('face') / $1::float8,"
        " pg_total_relation_size('profile') / $1::float8",
        count,
    )
    click.echo("bytes a face: row {:.0f}, indexes {:.0f}; its person {:.0f}".format(*sizes))
    random = np.random.default_rng(1)
    for number in range(_ROUNDS):
        for name, key in list(TABLES.items())[:: 1 if number % 2 else -1]:
            table = f"face_{name.replace(' ', '_')}"
            filled = await made(connection, table, key)
            read = await connection.prepare(_READ.format(table))
            taken = []
            for people in random.integers(1, count, (_READS, 3)).tolist():
                start = time.perf_counter()
                await read.fetch(people)
                taken.append(time.perf_counter() - start)
            old = f"DELETE FROM {table} WHERE id % 100 = 0"  # noqa: S608 - ours
            await connection.execute(old, timeout=_LONG_S)
            start = time.perf_counter()
            await connection.execute(f"VACUUM {table}", timeout=_LONG_S)
            vacuum = time.perf_counter() - start
            click.echo(
                f"round {number + 1}, {name}: filled at {count / filled:,.0f} a second,"
                f" three people read in {percentile(taken, _QUIET) * 1e3:.2f} ms, VACUUM {vacuum:.1f} s"
            )
            await connection.execute(f"DROP TABLE {table}")
    await connection.close()


async def run(folder: Path, count: int) -> None:
    """On an embedded server in a folder."""
    server = EmbeddedPostgres(folder)
    try:
        engine = make_engine(await server.start(), 1)
        await migrate(engine)
        await engine.dispose()
        host = str(folder / "postgres")
        await measure({"host": host, "port": 5432, "user": "face", "database": "face"}, count)
    finally:
        await server.stop()


@click.command()
@click.option("--faces", type=click.IntRange(1000), default=500_000, show_default=True)
def main(faces: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory(prefix="face-parts-") as folder:
        Path(folder).chmod(0o755)  # the database has an account of its own
        asyncio.run(run(Path(folder), faces))


if __name__ == "__main__":
    main()
