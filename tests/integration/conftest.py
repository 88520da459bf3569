"""A PostgreSQL database, emptied for each test that asks."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import make_engine
from adapters.postgres.migrations import migrate
from adapters.postgres.tables import removed_face
from tests.contract.database import database, empty
from tests.contract.storage import clear


@dataclass
class SharedDatabase:
    """What tests use one after another."""

    url: str
    migrated: bool = False
    """Whether its tables are those that the migrations make: to make them takes longer than most tests."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_database(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SharedDatabase]:
    async with database(tmp_path_factory.mktemp("data")) as url:
        yield SharedDatabase(url)


@pytest.fixture(scope="session")
def database_url(shared_database: SharedDatabase) -> str:
    return shared_database.url


@pytest.fixture
async def engine(shared_database: SharedDatabase) -> AsyncIterator[AsyncEngine]:
    """Two connections to a database without tables, which the test may make and change."""
    engine = make_engine(shared_database.url, 2)
    await empty(engine)
    shared_database.migrated = False
    yield engine
    await engine.dispose()


@pytest.fixture
async def migrated_engine(shared_database: SharedDatabase) -> AsyncIterator[AsyncEngine]:
    """Two connections to empty tables, which the test leaves as they are but for their rows."""
    engine = make_engine(shared_database.url, 2)
    if not shared_database.migrated:
        await empty(engine)
        await migrate(engine)
        shared_database.migrated = True
    await clear(engine)
    async with engine.begin() as connection:
        await connection.execute(delete(removed_face))  # which tests of followers count
    yield engine
    await engine.dispose()
