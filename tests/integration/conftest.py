"""A PostgreSQL database, emptied for each test that asks."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import make_engine
from tests.contract.database import database, empty


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with database(tmp_path_factory.mktemp("data")) as url:
        yield url


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Two connections to an empty database."""
    engine = make_engine(database_url, 2)
    await empty(engine)
    yield engine
    await engine.dispose()
