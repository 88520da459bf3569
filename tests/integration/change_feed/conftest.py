"""A change feed, and somebody else who writes."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.change_feed import PostgresChangeFeed
from adapters.postgres.engine import make_engine
from tests.contract.storage import Storage, on_postgres


@pytest.fixture
def engine(migrated_engine: AsyncEngine) -> AsyncEngine:
    return migrated_engine


@pytest.fixture
def storage(engine: AsyncEngine) -> Storage:
    return on_postgres(engine)


@pytest.fixture
def feed(engine: AsyncEngine) -> PostgresChangeFeed:
    return PostgresChangeFeed(engine)


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Somebody else's connections."""
    engine = make_engine(database_url, 2)
    yield engine
    await engine.dispose()
