"""The storage adapters, put together: what one writes the others read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from adapters.gallery_index.faiss.store import FaissIndexStore
from adapters.gallery_index.gallery import IndexedGallery
from adapters.gallery_index.index import MaintenanceIntervals
from adapters.gallery_index.milvus.connection import CALL_S, IndexAddress, MilvusConnection
from adapters.gallery_index.milvus.counts import PeopleCounts
from adapters.gallery_index.milvus.gallery import SharedIndexGallery
from adapters.gallery_index.milvus.shared_index import SharedIndex
from adapters.gallery_index.milvus.view import IndexView
from adapters.memory.archive import InMemoryArchive
from adapters.memory.cohorts import InMemoryCohorts
from adapters.memory.crops import InMemoryCrops
from adapters.memory.enrolled_vectors import InMemoryVectors
from adapters.memory.gallery import InMemoryGallery
from adapters.memory.people import InMemoryCollections, InMemoryProfiles
from adapters.memory.repository import InMemoryRepository
from adapters.memory.retention import InMemoryRetention
from adapters.memory.store import InMemoryStore
from adapters.postgres.archive import PgVectorArchive
from adapters.postgres.change_feed import PostgresChangeFeed
from adapters.postgres.cohorts import PostgresCohorts
from adapters.postgres.crops import PostgresCrops
from adapters.postgres.enrolled_vectors import PostgresVectors
from adapters.postgres.gallery import PgVectorGallery
from adapters.postgres.people import PostgresCollections, PostgresProfiles
from adapters.postgres.repository import PgVectorRepository
from adapters.postgres.retention import PostgresRetention
from adapters.postgres.sealed_gallery import SealedGallery
from adapters.postgres.shared_index import PostgresSharedIndexFeed
from adapters.postgres.tables import audit_chain
from application.ports.archive import Archive
from application.ports.change_feed import GalleryKey
from application.ports.cohorts import CohortRepository
from application.ports.crops import CropArchive
from application.ports.enrolled_vectors import EnrolledVectors
from application.ports.faces import EmbeddingRepository
from application.ports.gallery import Gallery, SearchResult
from application.ports.people import CollectionRepository, ProfileRepository
from application.ports.retention import RetentionStore
from domain.audit import NO_HASH
from domain.errors import IndexUnavailable
from domain.faces import Embedding
from domain.identification import Candidate
from domain.metadata import Metadata
from domain.people import ProfileId


@dataclass(frozen=True, slots=True)
class Storage:
    """One technology's adapters of the storage ports."""

    faces: EmbeddingRepository
    profiles: ProfileRepository
    collections: CollectionRepository
    gallery: Gallery
    archive: Archive
    crops: CropArchive
    cohorts: CohortRepository
    retention: RetentionStore
    vectors: EnrolledVectors


def in_memory() -> Storage:
    store = InMemoryStore()
    return Storage(
        InMemoryRepository(store),
        InMemoryProfiles(store),
        InMemoryCollections(store),
        InMemoryGallery(store),
        InMemoryArchive(store),
        InMemoryCrops(store),
        InMemoryCohorts(store),
        InMemoryRetention(store),
        InMemoryVectors(store),
    )


def on_postgres(engine: AsyncEngine) -> Storage:
    return Storage(
        PgVectorRepository(engine),
        PostgresProfiles(engine),
        PostgresCollections(engine),
        PgVectorGallery(engine),
        PgVectorArchive(engine),
        PostgresCrops(engine),
        PostgresCohorts(engine),
        PostgresRetention(engine),
        PostgresVectors(engine),
    )


GROWING_ROWS = 4
"""Faces at which an index quantizes vectors: so few that tests do."""

BUSY = MaintenanceIntervals(follow=0.02, forget=0.05, save=0.2, retry=0.05)


class PatientGallery(Gallery):
    """Waits until the index of the gallery that is searched is filled."""

    def __init__(self, indexed: IndexedGallery) -> None:
        self.indexed = indexed

    @override
    async def search(
        self, probe: Embedding, collection: str, people: int, metadata: Metadata | None = None
    ) -> SearchResult:
        key = GalleryKey(collection, probe.model, len(probe.vector))
        while True:
            while key in self.indexed.filling:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            result = await self.indexed.search(probe, collection, people, metadata)
            if key not in self.indexed.filling:
                return result

    @override
    async def person(self, model: str, collection: str, profile_id: ProfileId) -> Candidate | None:
        return await self.indexed.person(model, collection, profile_id)


@asynccontextmanager
async def on_index(
    engine: AsyncEngine,
    folder: Path,
    intervals: MaintenanceIntervals = BUSY,
    growing_rows: int = GROWING_ROWS,
) -> AsyncIterator[Storage]:
    """PostgreSQL, searched by indexes of a few faces a segment that are maintained all the time."""
    store = FaissIndexStore(folder, 2, intervals, growing_rows)
    async with _followed(on_postgres(engine), engine, store, intervals) as storage:
        yield storage


@asynccontextmanager
async def on_sealed(engine: AsyncEngine, folder: Path) -> AsyncIterator[Storage]:
    """Likewise, with embeddings and crops that only this process can read; `engine` has a key."""
    database = replace(on_postgres(engine), gallery=SealedGallery(engine))
    store = FaissIndexStore(folder, 2, BUSY, GROWING_ROWS, saves=False)
    async with _followed(database, engine, store, BUSY) as storage:
        yield storage


@asynccontextmanager
async def _followed(
    database: Storage, engine: AsyncEngine, store: FaissIndexStore, intervals: MaintenanceIntervals
) -> AsyncIterator[Storage]:
    indexed = IndexedGallery(database.gallery, store, PostgresChangeFeed(engine), 1, intervals)
    async with indexed.running():
        while not indexed.ready:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        yield replace(database, gallery=PatientGallery(indexed))


class PatientMilvus(MilvusConnection):
    """For a machine that has much else to do."""

    @override
    async def call(self, method: str, *arguments: Any, timeout: float = CALL_S, **named: Any) -> Any:
        return await super().call(method, *arguments, timeout=12 * timeout, **named)


@asynccontextmanager
async def milvus_lite(folder: Path) -> AsyncIterator[MilvusConnection]:
    """An index of one's own."""
    connection = PatientMilvus(IndexAddress(str(folder)), 4)
    async with asyncio.timeout(120):
        while True:
            with suppress(IndexUnavailable):  # connecting has a deadline that a busy machine may miss
                await connection.call("list_collections")
                break
    yield connection
    await connection.close()


class FollowedGallery(Gallery):
    """Follows the database before every second search: the others compare what the index doesn't have yet."""

    def __init__(self, gallery: SharedIndexGallery, index: SharedIndex) -> None:
        self._gallery = gallery
        self._index = index
        self._searches = 0

    @override
    async def search(
        self, probe: Embedding, collection: str, people: int, metadata: Metadata | None = None
    ) -> SearchResult:
        self._searches += 1
        if self._searches % 2:
            await follow(self._index)
            await self._gallery.view.refresh()
        return await self._gallery.search(probe, collection, people, metadata)

    @override
    async def person(self, model: str, collection: str, profile_id: ProfileId) -> Candidate | None:
        return await self._gallery.person(model, collection, profile_id)


async def follow(index: SharedIndex) -> None:
    """What an instance does each second."""
    for series in await index.follow():
        await index.build(series)
    await index.follow()


def shared_index(engine: AsyncEngine, connection: MilvusConnection) -> SharedIndex:
    return SharedIndex(connection, PostgresSharedIndexFeed(engine), "FLAT")


def on_milvus(engine: AsyncEngine, connection: MilvusConnection) -> Storage:
    """PostgreSQL, searched by an index that is shared; nothing is done in the background."""
    database = on_postgres(engine)
    index = shared_index(engine, connection)
    gallery = SharedIndexGallery(
        database.gallery,
        IndexView(index),
        index.feed,
        PeopleCounts(index.feed),
        min_faces=1,
        fallback_faces=10**6,
    )
    return replace(database, gallery=FollowedGallery(gallery, index))


async def clear(engine: AsyncEngine) -> None:
    """Leave what a migration leaves: the default collection, and nobody in it."""
    # Not TRUNCATE: each makes new files, and hundreds of them make the server's end slow.
    async with engine.begin() as connection:
        await connection.execute(text("SELECT set_config('face.audit_retention', 'on', true)"))
        nothing = {"removed_id": 0, "removed_hash": NO_HASH, "last_id": 0, "last_hash": NO_HASH}
        await connection.execute(update(audit_chain).values(nothing))
        for table in (
            "audit_entry",
            "api_key",
            "liveness_session",
            "encryption_key",
            "idempotency",
            "face",
            "profile",
            "collection",
            "kept_archive",
        ):
            await connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - a name of ours
        await connection.execute(text("INSERT INTO collection (name) VALUES ('default')"))
