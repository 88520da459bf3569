"""A PostgreSQL with pgvector for the tests: an embedded one, or that of FACE_TEST_DATABASE_URL.

The latter is emptied by the tests: to make that hard to do by mistake, its name must have "test" in it.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.embedded_postgres.server import EmbeddedPostgres
from tests.e2e.service import furnish


@asynccontextmanager
async def database(folder: Path) -> AsyncIterator[str]:
    """The URL of a database that the tests may do anything with."""
    if configured := os.environ.get("FACE_TEST_DATABASE_URL"):
        if "test" not in (make_url(configured).database or ""):
            pytest.exit("FACE_TEST_DATABASE_URL must name a database with 'test' in its name.")
        yield configured
        return
    furnish(folder / "data")
    server = EmbeddedPostgres(folder / "data")
    try:
        yield await server.start()
    finally:
        await server.stop()


async def empty(engine: AsyncEngine) -> None:
    """Leave no table; the extension stays, for only a superuser could make it again."""
    async with engine.begin() as connection:
        tables = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for table in (await connection.scalars(tables)).all():
            await connection.execute(text(f'DROP TABLE "{table}" CASCADE'))
