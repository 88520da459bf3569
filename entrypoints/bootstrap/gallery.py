"""Wiring of the search among the people enrolled: by an index in memory, or by the database."""

from dependency_injector import providers

from adapters.gallery_index.faiss.store import FaissIndexStore
from adapters.gallery_index.gallery import IndexedGallery
from adapters.memory.gallery import InMemoryGallery
from adapters.postgres.change_feed import PostgresChangeFeed
from adapters.postgres.gallery import PgVectorGallery
from entrypoints.bootstrap.settings import Settings
from entrypoints.bootstrap.storage import StorageContainer

_settings = StorageContainer.settings.provided

MIN_INDEXED_FACES = 1000
"""The database searches fewer faces as fast as an index."""


def search_kind(settings: Settings) -> str:
    """The name of the adapter that searches."""
    return "memory" if settings.database_url == "memory" else settings.search


class GalleryContainer(StorageContainer):
    """The adapters of the gallery port."""

    search = providers.Callable(search_kind, StorageContainer.settings)
    index_store = providers.ThreadSafeSingleton(
        FaissIndexStore, _settings.index_dir, threads=_settings.worker_count
    )
    exact_gallery = providers.ThreadSafeSingleton(PgVectorGallery, StorageContainer.engine)
    change_feed = providers.ThreadSafeSingleton(PostgresChangeFeed, StorageContainer.engine)
    indexed_gallery = providers.ThreadSafeSingleton(
        IndexedGallery,
        exact_gallery,
        index_store,
        change_feed,
        min_faces=MIN_INDEXED_FACES,
    )
    gallery = providers.Selector(
        search,
        memory=providers.ThreadSafeSingleton(InMemoryGallery, StorageContainer.memory),
        pgvector=exact_gallery,
        index=indexed_gallery,
    )
    search_readiness = providers.Selector(
        search, memory=providers.Object(None), pgvector=providers.Object(None), index=indexed_gallery
    )
