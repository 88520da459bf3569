"""The storage adapters, put together: what one writes the others read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.faiss.store import FaissGalleryIndexes
from adapters.memory.archive import InMemoryArchive
from adapters.memory.cohorts import InMemoryCohorts
from adapters.memory.crops import InMemoryCrops
from adapters.memory.gallery import InMemoryGallery
from adapters.memory.people import InMemoryCollections, InMemoryProfiles
from adapters.memory.repository import InMemoryRepository
from adapters.memory.store import InMemoryStore
from adapters.postgres.archive import PgVectorArchive
from adapters.postgres.changes import PostgresGallerySource
from adapters.postgres.cohorts import PostgresCohorts
from adapters.postgres.crops import PostgresCrops
from adapters.postgres.gallery import PgVectorGallery
from adapters.postgres.people import PostgresCollections, PostgresProfiles
from adapters.postgres.repository import PgVectorRepository
from application.indexed import IndexedGallery, ResidentGalleries
from application.ports.archive import Archive
from application.ports.cohorts import CohortRepository
from application.ports.crops import CropArchive
from application.ports.faces import EmbeddingRepository
from application.ports.gallery import Found, Gallery
from application.ports.index import GalleryKey
from application.ports.people import CollectionRepository, ProfileRepository
from application.resident import Rhythm
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
    )


TAIL = 4
"""Faces from which on an index makes codes: so few that tests do."""

BUSY = Rhythm(follow=0.02, forget=0.05, save=0.2, retry=0.05)


class PatientGallery:
    """Searches by an index, however small the gallery; waits until it is filled."""

    def __init__(self, engine: AsyncEngine, residents: ResidentGalleries) -> None:
        self.residents = residents
        self._gallery = IndexedGallery(PgVectorGallery(engine), residents)

    async def search(
        self, probe: Embedding, collection: str, people: int, metadata: Metadata | None = None
    ) -> Found:
        """See Gallery.search."""
        key = GalleryKey(collection, probe.model, len(probe.vector))
        self.residents.want(key)
        while (resident := self.residents.of(key)) is not None and not resident.ready:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        return await self._gallery.search(probe, collection, people, metadata)

    async def person(self, model: str, collection: str, profile_id: ProfileId) -> Candidate | None:
        """See Gallery.person."""
        return await self._gallery.person(model, collection, profile_id)


@asynccontextmanager
async def on_index(engine: AsyncEngine, folder: Path, rhythm: Rhythm = BUSY) -> AsyncIterator[Storage]:
    """PostgreSQL, searched by indexes of a few faces a segment that are tended without a pause."""
    indexes = FaissGalleryIndexes(folder, TAIL)
    residents = ResidentGalleries(indexes, PostgresGallerySource(engine), 2, 1, rhythm)
    async with residents.running():
        while not residents.ready:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        yield replace(on_postgres(engine), gallery=PatientGallery(engine, residents))


async def clear(engine: AsyncEngine) -> None:
    """Leave what a migration leaves: the default collection, and nobody in it."""
    # Not TRUNCATE: each makes new files, and hundreds of them make the server's end slow.
    async with engine.begin() as connection:
        for table in (
            "api_key",
            "liveness_session",
            "idempotency",
            "face",
            "profile",
            "collection",
            "kept_archive",
        ):
            await connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - a name of ours
        await connection.execute(text("INSERT INTO collection (name) VALUES ('default')"))
