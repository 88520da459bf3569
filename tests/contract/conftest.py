"""The adapters that the contract suites run against."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import AsyncAdaptedQueuePool
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.gallery_index.milvus.connection import MilvusConnection
from adapters.onnx.engines.choice import Engine, choose_engine
from adapters.onnx.engines.variants import EngineName
from adapters.onnx.graphs.cache import PreparedModels
from adapters.postgres.engine import make_engine
from adapters.postgres.migrations import migrate
from tests.contract.database import database, empty
from tests.contract.model_files import ModelFolder
from tests.contract.remote_models import RemoteModels, bare_models, remote_models
from tests.contract.storage import (
    Storage,
    clear,
    in_memory,
    milvus_lite,
    on_index,
    on_milvus,
    on_postgres,
    on_sealed,
)
from tests.sealing import ROTATED, FakeSealing


@pytest.fixture(scope="session", params=["onnxruntime", "openvino"])
def engine_name(request: pytest.FixtureRequest) -> EngineName:
    name: EngineName = request.param
    return name


@pytest.fixture(scope="session")
def inference(engine_name: EngineName) -> Engine:
    """Each inference engine, for two workers."""
    return choose_engine(engine_name, 2)


@pytest.fixture(scope="session")
def model_files(
    request: pytest.FixtureRequest, prepared_models: PreparedModels, inference: Engine
) -> ModelFolder:
    """The real files, by family."""
    return ModelFolder(lambda: request.getfixturevalue("assets"), prepared_models, inference)


@pytest.fixture(scope="session")
def model_services(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[EngineName], RemoteModels]]:
    """Model services by their engine, which stay: modules ask for one after the other, again and again."""
    with ExitStack() as stack:

        @cache
        def started(engine: EngineName) -> RemoteModels:
            folder = tmp_path_factory.mktemp("served")
            return stack.enter_context(
                remote_models(folder, lambda: request.getfixturevalue("assets"), engine)
            )

        yield started


@pytest.fixture(scope="session")
def served(model_services: Callable[[EngineName], RemoteModels], engine_name: EngineName) -> RemoteModels:
    """A model service of each engine."""
    return model_services(engine_name)


@pytest.fixture(scope="session")
def served_by_one_engine(request: pytest.FixtureRequest, engine_name: EngineName) -> RemoteModels:
    """For what is sent and answered, which is the same with each: `test_face_extractors.py` runs both."""
    if engine_name != "onnxruntime":
        pytest.skip("what is sent and answered is the same with each engine")
    models: RemoteModels = request.getfixturevalue("served")
    return models


@pytest.fixture(scope="session")
def bare(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, engine_name: EngineName
) -> Iterator[RemoteModels]:
    """Networks on a server that isn't ours."""
    if engine_name == "openvino":
        pytest.skip("it has an engine of its own")
    folder = tmp_path_factory.mktemp("bare")
    with bare_models(folder, lambda: request.getfixturevalue("assets")) as models:
        yield models


@pytest.fixture
def models(request: pytest.FixtureRequest, engine_name: EngineName) -> RemoteModels:  # noqa: ARG001 (its parameters)
    """What runs elsewhere: "served", with each engine, or "bare"."""
    models: RemoteModels = request.getfixturevalue(request.param)
    return models


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A migrated database; tests use it one after another."""
    async with database(tmp_path_factory.mktemp("data")) as url:
        engine = make_engine(url, 1)
        await empty(engine)
        await engine.dispose()
        await migrate(engine)
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def connected(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Connections that all tests use: to make them, and to compile statements, takes longer than most tests."""
    engine = make_engine(database_url, 8)
    yield engine
    await engine.dispose()


@pytest.fixture
async def engine(connected: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """Connected to empty tables."""
    await clear(connected)
    yield connected
    if isinstance(connected.pool, AsyncAdaptedQueuePool) and connected.pool.checkedout():
        await connected.dispose()  # what a test has left in use is not the next one's


@pytest.fixture
def pgvector(engine: AsyncEngine) -> Storage:
    return on_postgres(engine)


@pytest.fixture
async def indexed(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Storage]:
    async with on_index(engine, tmp_path / "index") as storage:
        yield storage


@pytest.fixture
async def sealed_engine(engine: AsyncEngine, database_url: str) -> AsyncIterator[AsyncEngine]:  # noqa: ARG001 (it empties them)
    """Connected to the same tables as `engine`, with a key."""
    sealed = make_engine(database_url, 8, FakeSealing())
    yield sealed
    await sealed.dispose()


@pytest.fixture
async def rotated_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """With a new key before that of `sealed_engine`."""
    rotated = make_engine(database_url, 2, ROTATED)
    yield rotated
    await rotated.dispose()


@pytest.fixture
async def sealed(sealed_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Storage]:
    async with on_sealed(sealed_engine, tmp_path / "index") as storage:
        yield storage


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def milvus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MilvusConnection]:
    """milvus-lite, with what earlier tests have left in it."""
    async with milvus_lite(tmp_path_factory.mktemp("milvus")) as connection:
        yield connection


@pytest.fixture
def shared(engine: AsyncEngine, milvus: MilvusConnection) -> Storage:
    return on_milvus(engine, milvus)


@pytest.fixture
def memory() -> Storage:
    return in_memory()


@pytest.fixture(params=["memory", "pgvector", "indexed", "sealed"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """The storage adapters of each technology, empty."""
    adapters: Storage = request.getfixturevalue(request.param)
    return adapters
