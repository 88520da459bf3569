"""Wiring of the search among the people enrolled: by an index, in memory or shared, or by the database."""

from dependency_injector import providers

from adapters.gallery_index.faiss.purge import INDEX_FILES, IndexFilesPurge
from adapters.gallery_index.faiss.store import FaissIndexStore
from adapters.gallery_index.gallery import IndexedGallery
from adapters.gallery_index.milvus.connection import MilvusConnection
from adapters.gallery_index.milvus.counts import PeopleCounts
from adapters.gallery_index.milvus.gallery import SharedIndexGallery
from adapters.gallery_index.milvus.purge import INDEX_SERVER, SharedIndexPurge
from adapters.gallery_index.milvus.service import SharedIndexService
from adapters.gallery_index.milvus.shared_index import SharedIndex
from adapters.gallery_index.milvus.view import IndexView
from adapters.memory.gallery import InMemoryGallery
from adapters.postgres.change_feed import PostgresChangeFeed
from adapters.postgres.gallery import PgVectorGallery
from adapters.postgres.purge import DEAD_ROWS, WAL, WAL_OF_OWN_SERVER, PostgresPurge
from adapters.postgres.sealed_gallery import SealedGallery
from adapters.postgres.shared_index import PostgresSharedIndexFeed
from application.erasure import ANSWERS, COPIES, PurgeDeleted, ReceiptWriter, audit_remnant
from domain.erasure import Remnant
from entrypoints.bootstrap.certificates import index_address
from entrypoints.bootstrap.encryption import encrypts
from entrypoints.bootstrap.settings import Settings
from entrypoints.bootstrap.storage import StorageContainer

_settings = StorageContainer.settings.provided

INDEX_CALLS = 32
"""Calls of a shared index that a process waits for at once."""

MIN_INDEXED_FACES = 1000
"""The database searches fewer faces as fast as an index."""

MIN_OPENED_FACES = 100
"""Where faces are encrypted, each has to be opened for a search without an index."""


def search_kind(settings: Settings) -> str:
    """The name of the adapter that searches."""
    if settings.database_url == "memory":
        return "memory"
    return "shared" if settings.search == "index" and settings.index_url else settings.search


def remnants(settings: Settings) -> tuple[Remnant, ...]:
    """Where something remains of what is deleted, for a while."""
    kept = settings.database_url != "memory"
    places = (
        (kept, DEAD_ROWS),
        (kept, WAL if settings.database_url == "embedded" else WAL_OF_OWN_SERVER),
        (search_kind(settings) == "index" and not encrypts(settings), INDEX_FILES),
        (search_kind(settings) == "shared", INDEX_SERVER),
        (True, ANSWERS),
        (settings.audit_days > 0, audit_remnant(settings.audit_days, names=settings.audit_names)),
        (kept, COPIES),
    )
    return tuple(remnant for applies, remnant in places if applies)


class GalleryContainer(StorageContainer):
    """The adapters of the gallery port."""

    search = providers.Callable(search_kind, StorageContainer.settings)
    encryption = providers.Callable(
        lambda settings: "yes" if encrypts(settings) else "no", StorageContainer.settings
    )
    index_store = providers.ThreadSafeSingleton(
        FaissIndexStore,
        _settings.index_dir,
        threads=_settings.worker_count,
        saves=providers.Callable(lambda settings: not encrypts(settings), StorageContainer.settings),
    )
    exact_gallery = providers.Selector(
        encryption,
        no=providers.ThreadSafeSingleton(PgVectorGallery, StorageContainer.engine),
        yes=providers.ThreadSafeSingleton(SealedGallery, StorageContainer.engine),
    )
    change_feed = providers.ThreadSafeSingleton(PostgresChangeFeed, StorageContainer.engine)
    indexed_gallery = providers.ThreadSafeSingleton(
        IndexedGallery,
        exact_gallery,
        index_store,
        change_feed,
        min_faces=providers.Selector(
            encryption, no=providers.Object(MIN_INDEXED_FACES), yes=providers.Object(MIN_OPENED_FACES)
        ),
    )
    index_connection = providers.ThreadSafeSingleton(
        MilvusConnection, providers.Callable(index_address, StorageContainer.settings), threads=INDEX_CALLS
    )
    shared_feed = providers.ThreadSafeSingleton(PostgresSharedIndexFeed, StorageContainer.engine)
    shared_index = providers.ThreadSafeSingleton(
        SharedIndex, index_connection, shared_feed, _settings.index_type
    )
    index_view = providers.ThreadSafeSingleton(IndexView, shared_index)
    people_counts = providers.ThreadSafeSingleton(PeopleCounts, shared_feed)
    shared_index_service = providers.ThreadSafeSingleton(
        SharedIndexService, shared_index, index_view, people_counts
    )
    gallery = providers.Selector(
        search,
        memory=providers.ThreadSafeSingleton(InMemoryGallery, StorageContainer.memory),
        pgvector=exact_gallery,
        index=indexed_gallery,
        shared=providers.ThreadSafeSingleton(
            SharedIndexGallery,
            exact_gallery,
            index_view,
            shared_feed,
            people_counts,
            min_faces=MIN_INDEXED_FACES,
            fallback_faces=_settings.index_fallback_faces,
        ),
    )
    purge_deleted = providers.Factory(
        PurgeDeleted,
        providers.Factory(
            PostgresPurge,
            StorageContainer.engine,
            own_server=providers.Callable(lambda kind: kind == "server", StorageContainer.storage),
        ),
        providers.Selector(
            search,
            shared=providers.Factory(SharedIndexPurge),
            **dict.fromkeys(
                ("memory", "pgvector", "index"), providers.Factory(IndexFilesPurge, _settings.index_dir)
            ),
        ),
    )
    receipts = providers.Singleton(ReceiptWriter, providers.Singleton(remnants, StorageContainer.settings))
    search_readiness = providers.Selector(
        search,
        memory=providers.Object(None),
        pgvector=providers.Object(None),
        index=indexed_gallery,
        shared=shared_index_service,
    )
