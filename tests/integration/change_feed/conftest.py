"""A change feed, and somebody else who writes."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.change_feed import PostgresChangeFeed
from adapters.postgres.engine import make_engine
from adapters.postgres.migrations import migrate
from tests.contract.storage import Storage, on_postgres


@pytest.fixture
async def storage(engine: AsyncEngine) -> Storage:
    await migrate(engine)
    return on_postgres(engine)


@pytest.fixture
def feed(engine: AsyncEngine, storage: Storage) -> PostgresChangeFeed:  # noqa: ARG001 - migrates
    return PostgresChangeFeed(engine)


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Somebody else's connections."""
    engine = make_engine(database_url, 2)
    yield engine
    await engine.dispose()
