"""The storage adapters, put together: what one writes the others read."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from adapters.memory.archive import InMemoryArchive
from adapters.memory.crops import InMemoryCrops
from adapters.memory.gallery import InMemoryGallery
from adapters.memory.people import InMemoryCollections, InMemoryProfiles
from adapters.memory.repository import InMemoryRepository
from adapters.memory.store import InMemoryStore
from adapters.postgres.archive import PgVectorArchive
from adapters.postgres.crops import PostgresCrops
from adapters.postgres.gallery import PgVectorGallery
from adapters.postgres.people import PostgresCollections, PostgresProfiles
from adapters.postgres.repository import PgVectorRepository
from application.ports.archive import Archive
from application.ports.crops import CropArchive
from application.ports.faces import EmbeddingRepository
from application.ports.gallery import Gallery
from application.ports.people import CollectionRepository, ProfileRepository


@dataclass(frozen=True, slots=True)
class Storage:
    """One technology's adapters of the storage ports."""

    faces: EmbeddingRepository
    profiles: ProfileRepository
    collections: CollectionRepository
    gallery: Gallery
    archive: Archive
    crops: CropArchive


def in_memory() -> Storage:
    store = InMemoryStore(uuid7)
    return Storage(
        InMemoryRepository(store),
        InMemoryProfiles(store),
        InMemoryCollections(store),
        InMemoryGallery(store),
        InMemoryArchive(store),
        InMemoryCrops(store),
    )


def on_postgres(engine: AsyncEngine) -> Storage:
    return Storage(
        PgVectorRepository(engine, uuid7),
        PostgresProfiles(engine, uuid7),
        PostgresCollections(engine),
        PgVectorGallery(engine),
        PgVectorArchive(engine),
        PostgresCrops(engine),
    )


async def clear(engine: AsyncEngine) -> None:
    """Leave what a migration leaves: the default collection, and nobody in it."""
    # Not TRUNCATE: each makes new files, and hundreds of them make the server's end slow.
    async with engine.begin() as connection:
        for table in ("idempotency", "face", "profile", "collection"):
            await connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - a name of ours
        await connection.execute(text("INSERT INTO collection (name) VALUES ('default')"))
