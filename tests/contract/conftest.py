"""The repositories that the contract suite runs against."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.memory.repository import InMemoryRepository
from adapters.postgres.engine import make_engine
from adapters.postgres.migrations import migrate
from adapters.postgres.repository import PgVectorRepository
from application.ports.repository import EmbeddingRepository
from tests.contract.database import database, empty


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A migrated database; tests use it one after another."""
    async with database(tmp_path_factory.mktemp("data")) as url:
        engine = make_engine(url, 1)
        await empty(engine)
        await engine.dispose()
        await migrate(engine)
        yield url


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connected to empty tables."""
    engine = make_engine(database_url, 8)
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE face, profile"))
    yield engine
    await engine.dispose()


@pytest.fixture
def pgvector(engine: AsyncEngine) -> EmbeddingRepository:
    return PgVectorRepository(engine, uuid7)


@pytest.fixture
def memory() -> EmbeddingRepository:
    return InMemoryRepository(uuid7)


@pytest.fixture(params=["memory", "pgvector"])
def repository(request: pytest.FixtureRequest) -> EmbeddingRepository:
    """Each adapter of EmbeddingRepository, empty."""
    adapter: EmbeddingRepository = request.getfixturevalue(request.param)
    return adapter
