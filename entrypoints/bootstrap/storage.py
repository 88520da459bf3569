"""Wiring of what is stored: in memory, in the embedded PostgreSQL, or in another one."""

from dependency_injector import containers, providers
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.embedded_postgres.server import EmbeddedPostgres
from adapters.memory.api_keys import InMemoryApiKeys
from adapters.memory.archive import InMemoryArchive
from adapters.memory.audit import InMemoryAudit
from adapters.memory.cohorts import InMemoryCohorts
from adapters.memory.crops import InMemoryCrops
from adapters.memory.enrolled_vectors import InMemoryVectors
from adapters.memory.idempotency import InMemoryIdempotency
from adapters.memory.liveness_sessions import InMemoryLivenessSessions
from adapters.memory.people import InMemoryCollections, InMemoryProfiles
from adapters.memory.repository import InMemoryRepository
from adapters.memory.retention import InMemoryRetention
from adapters.memory.store import InMemoryStore
from adapters.postgres.api_keys import PostgresApiKeys
from adapters.postgres.archive import PgVectorArchive
from adapters.postgres.audit import PostgresAudit
from adapters.postgres.cohorts import PostgresCohorts
from adapters.postgres.crops import PostgresCrops
from adapters.postgres.encryption import PostgresEncryption
from adapters.postgres.engine import make_engine
from adapters.postgres.enrolled_vectors import PostgresVectors
from adapters.postgres.idempotency import PostgresIdempotency
from adapters.postgres.liveness_sessions import PostgresLivenessSessions
from adapters.postgres.people import PostgresCollections, PostgresProfiles
from adapters.postgres.repository import PgVectorRepository
from adapters.postgres.retention import PostgresRetention
from application.api_keys import ManageKeys
from application.audit import AuditTrail, ReadAudit
from application.encryption import ChangeEncryption
from application.retention import ApplyRetention, MatchDays
from entrypoints.bootstrap.encryption import open_sealing
from entrypoints.bootstrap.settings import Settings

CONNECTIONS = 8
"""Database connections of a process. A statement takes milliseconds, so that a few serve many clients."""


def storage_kind(settings: Settings) -> str:
    """The name of the storage adapter that the settings ask for."""
    return settings.database_url if settings.database_url in {"embedded", "memory"} else "server"


def _stored(
    storage: providers.Provider[str],
    engine: providers.Provider[AsyncEngine],
    postgres: type,
    in_memory: type,
    *memory: providers.Provider[InMemoryStore],
) -> providers.Selector:
    """A storage port: in PostgreSQL wherever it runs, or in memory, where some have a store of their own."""
    server = providers.ThreadSafeSingleton(postgres, engine)
    return providers.Selector(
        storage,
        memory=providers.ThreadSafeSingleton(in_memory, *memory),
        embedded=server,
        server=server,
    )


class StorageContainer(containers.DeclarativeContainer):
    """The adapters of the storage ports."""

    settings = providers.Dependency(instance_of=Settings)
    storage = providers.Callable(storage_kind, settings)
    embedded_server = providers.ThreadSafeSingleton(EmbeddedPostgres, data_dir=settings.provided.data_dir)
    database_url = providers.Selector(
        storage,
        embedded=embedded_server.provided.url,
        server=settings.provided.database_url,
    )
    sealing = providers.ThreadSafeSingleton(open_sealing, settings)
    engine = providers.ThreadSafeSingleton(make_engine, database_url, pool_size=CONNECTIONS, sealing=sealing)
    change_encryption = providers.Factory(ChangeEncryption, providers.Factory(PostgresEncryption, engine))
    memory = providers.ThreadSafeSingleton(InMemoryStore)
    faces = _stored(storage, engine, PgVectorRepository, InMemoryRepository, memory)
    profiles = _stored(storage, engine, PostgresProfiles, InMemoryProfiles, memory)
    collections = _stored(storage, engine, PostgresCollections, InMemoryCollections, memory)
    archive = _stored(storage, engine, PgVectorArchive, InMemoryArchive, memory)
    crop_archive = _stored(storage, engine, PostgresCrops, InMemoryCrops, memory)
    cohorts = _stored(storage, engine, PostgresCohorts, InMemoryCohorts, memory)
    retention = _stored(storage, engine, PostgresRetention, InMemoryRetention, memory)
    match_days = providers.ThreadSafeSingleton(MatchDays, retention)
    enrolled_vectors = _stored(storage, engine, PostgresVectors, InMemoryVectors, memory)
    idempotency = _stored(storage, engine, PostgresIdempotency, InMemoryIdempotency)
    liveness_sessions = _stored(storage, engine, PostgresLivenessSessions, InMemoryLivenessSessions)
    api_keys = _stored(storage, engine, PostgresApiKeys, InMemoryApiKeys)
    audit_log = _stored(storage, engine, PostgresAudit, InMemoryAudit)
    audit_trail = providers.ThreadSafeSingleton(
        AuditTrail,
        audit_log,
        days=settings.provided.audit_days,
        names=settings.provided.audit_names,
        json_lines=settings.provided.audit_log,
    )
    apply_retention = providers.Factory(ApplyRetention, collections, retention, audit_trail)
    read_audit = providers.Factory(ReadAudit, audit_log)
    manage_keys = providers.Factory(ManageKeys, api_keys)
