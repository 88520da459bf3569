"""Wiring of the search among the people enrolled: by an index in memory, or by the database."""

from dependency_injector import providers

from adapters.faiss.store import FaissGalleryIndexes
from adapters.memory.gallery import InMemoryGallery
from adapters.postgres.changes import PostgresGallerySource
from adapters.postgres.gallery import PgVectorGallery
from application.indexed import IndexedGallery, ResidentGalleries
from entrypoints.bootstrap.settings import Settings
from entrypoints.bootstrap.storage import StorageContainer

_settings = StorageContainer.settings.provided

LEAST_INDEXED = 1000
"""Smaller galleries, counted in faces, are searched by the database just as fast."""


def search_kind(settings: Settings) -> str:
    """The name of the adapter that searches."""
    return "memory" if settings.database_url == "memory" else settings.search


class GalleryContainer(StorageContainer):
    """The adapters of the gallery port."""

    search = providers.Callable(search_kind, StorageContainer.settings)
    indexes = providers.ThreadSafeSingleton(FaissGalleryIndexes, _settings.index_dir)
    residents = providers.ThreadSafeSingleton(
        ResidentGalleries,
        indexes,
        providers.Singleton(PostgresGallerySource, StorageContainer.engine),
        threads=_settings.worker_count,
        least=LEAST_INDEXED,
    )
    exact_gallery = providers.ThreadSafeSingleton(PgVectorGallery, StorageContainer.engine)
    gallery = providers.Selector(
        search,
        memory=providers.ThreadSafeSingleton(InMemoryGallery, StorageContainer.memory),
        pgvector=exact_gallery,
        index=providers.ThreadSafeSingleton(IndexedGallery, exact_gallery, residents),
    )
    prepared_search = providers.Selector(
        search, memory=providers.Object(None), pgvector=providers.Object(None), index=residents
    )
