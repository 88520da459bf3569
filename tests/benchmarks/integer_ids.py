"""How long the migration to integer ids takes: `python -m tests.benchmarks.integer_ids [FACES [NUMBERS [CROPS]]]`."""

import asyncio
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from adapters.embedded_postgres.server import EmbeddedPostgres
from adapters.postgres.migrations import migrate
from adapters.postgres.migrations.upgrade import config

PEOPLE = """
    INSERT INTO profile (id, collection, name)
    SELECT gen_random_uuid(), 'default', concat('P', i) FROM generate_series(1, :people) AS i
"""
FACES = """
    INSERT INTO face (id, profile_id, collection, recognition_model, detection_model, digest, embedding)
    SELECT gen_random_uuid(), profile.id, 'default', 'sface', 'yunet', sha256(CAST(concat(name, i) AS bytea)),
        (SELECT CAST(array_agg(random() + 0 * n * i * number) AS vector) FROM generate_series(1, :numbers) AS n)
    FROM profile, generate_series(1, 2) AS i
"""
CROPS = """
    INSERT INTO face_crop (face_id, image)
    SELECT id, (SELECT string_agg(sha256(CAST(concat(id, n) AS bytea)), '') FROM generate_series(1, 600) AS n)
    FROM face LIMIT :crops
"""
SIZES = """
    SELECT name, pg_total_relation_size(CAST(name AS regclass)) / 1e6
    FROM unnest(ARRAY['face', 'face_crop', 'profile']) AS name
"""


def to_uuids(connection: Connection) -> None:
    """Make the schema before."""
    command.upgrade(config(connection), "0004")


async def measured(url: str, faces: int, numbers: int, crops: int) -> None:
    """Fill the tables, and migrate them."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(to_uuids)
        await connection.execute(text(PEOPLE), {"people": faces // 2})
        await connection.execute(text(FACES), {"numbers": numbers})
        await connection.execute(text(CROPS), {"crops": crops})
        sizes = (await connection.execute(text(SIZES))).all()
    start = perf_counter()
    await migrate(engine)
    seconds = perf_counter() - start
    told = ", ".join(f"{name} {size:.0f} MB" for name, size in sizes)
    sys.stdout.write(f"{faces:,} faces of {numbers} numbers, {crops:,} crops ({told}): {seconds:.1f} s\n")
    await engine.dispose()


async def main(faces: int = 200_000, numbers: int = 128, crops: int = 20_000) -> None:
    """In a database that is made for it."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder))
        try:
            await measured(await server.start(), faces, numbers, crops)
        finally:
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
