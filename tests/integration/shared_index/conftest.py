"""An index on milvus-lite, and a database that others write to."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from adapters.gallery_index.milvus.connection import MilvusConnection
from adapters.gallery_index.milvus.counts import PeopleCounts
from adapters.gallery_index.milvus.gallery import SharedIndexGallery
from adapters.gallery_index.milvus.shared_index import SharedIndex
from adapters.gallery_index.milvus.view import IndexView
from adapters.postgres.engine import make_engine
from adapters.postgres.migrations import migrate
from adapters.postgres.shared_index import PostgresSharedIndexFeed
from application.ports.change_feed import GalleryKey
from application.ports.gallery import Gallery, SearchResult
from domain.faces import Embedding
from domain.identification import Candidate
from domain.metadata import Metadata
from domain.people import DEFAULT_COLLECTION, FaceId, ProfileId
from tests.contract.enrolment import enrol, random_embedding
from tests.contract.storage import Storage, clear, follow, milvus_lite, on_postgres

SIZE = 16
MODEL = "large"
KEY = GalleryKey(DEFAULT_COLLECTION, MODEL, SIZE)


class CountingGallery(Gallery):
    """Counts the searches that the database makes alone."""

    def __init__(self, gallery: Gallery) -> None:
        self._gallery = gallery
        self.searches = 0

    @override
    async def person(self, model: str, collection: str, profile_id: ProfileId) -> Candidate | None:
        return await self._gallery.person(model, collection, profile_id)

    @override
    async def search(
        self, probe: Embedding, collection: str, people: int, metadata: Metadata | None = None
    ) -> SearchResult:
        self.searches += 1
        return await self._gallery.search(probe, collection, people, metadata)


@dataclass
class Instance:
    """One of several services."""

    storage: Storage
    index: SharedIndex
    view: IndexView
    gallery: SharedIndexGallery
    database: CountingGallery

    async def follow(self) -> None:
        """What an instance does each second."""
        await follow(self.index)
        await self.view.refresh()

    async def enrol(self, *seeds: int, collection: str = DEFAULT_COLLECTION) -> list[FaceId]:
        """People named by their seeds; the ids of their faces."""
        people = ((str(seed), random_embedding(seed, SIZE)) for seed in seeds)
        return [face.id for face in await enrol(self.storage.faces, *people, collection=collection)]

    async def nearest(self, seed: int, people: int = 1, collection: str = DEFAULT_COLLECTION) -> list[str]:
        found = await self.gallery.search(random_embedding(seed, SIZE), collection, people)
        return [candidate.name for candidate in found.candidates]


def instance(engine: AsyncEngine, connection: MilvusConnection, fallback_faces: int = 0) -> Instance:
    storage = on_postgres(engine)
    index = SharedIndex(connection, PostgresSharedIndexFeed(engine), "FLAT")
    view, database = IndexView(index), CountingGallery(storage.gallery)
    counts = PeopleCounts(index.feed)
    gallery = SharedIndexGallery(database, view, index.feed, counts, 1, fallback_faces)
    return Instance(storage, index, view, gallery, database)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def milvus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[MilvusConnection]:
    async with milvus_lite(tmp_path_factory.mktemp("milvus")) as connection:
        yield connection


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """As many connections as a service has, to empty tables."""
    engine = make_engine(database_url, 8)
    await migrate(engine)
    await clear(engine)
    yield engine
    await engine.dispose()


@pytest.fixture
async def service(engine: AsyncEngine, milvus: MilvusConnection) -> Instance:
    """One instance, before it has looked, and before there is an index."""
    service = instance(engine, milvus)
    for generation in await service.index.generations.all():
        await service.index.generations.drop(generation)
    return service


@pytest.fixture
async def other(service: Instance, engine: AsyncEngine, milvus: MilvusConnection) -> Instance:  # noqa: ARG001
    """Another instance."""
    return instance(engine, milvus)
