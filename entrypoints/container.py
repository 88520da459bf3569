"""The one place where ports meet their adapters."""

from dependency_injector import containers, providers
from uuid_utils.compat import uuid7

from adapters.files.calibration import FileCalibrations
from adapters.imaging.alignment import SimilarityAligner
from adapters.imaging.decoder import PillowDecoder
from adapters.memory.repository import InMemoryRepository
from adapters.onnx.catalogue import Catalogue
from adapters.onnx.files import ModelFiles
from adapters.onnx.library import OnnxModelLibrary
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.engine import make_engine
from adapters.postgres.repository import PgVectorRepository
from adapters.threads.pool import ThreadWorkerPool
from application.analysis import FaceAnalyser
from application.catalogue import ListModels
from application.decisions import DecisionPolicy
from application.gallery import DeleteFace, ListFaces, RecognizeFace, RegisterFace
from application.health import CheckReadiness
from application.sources import SourceReader
from entrypoints.settings import PROJECT, Settings

CATALOGUE = PROJECT / "static" / "models.toml"
CALIBRATIONS = PROJECT / "static" / "calibration"

CONNECTIONS = 8
"""To the database; a statement takes milliseconds, so that a few serve many clients."""


def storage_kind(settings: Settings) -> str:
    """The name of the storage adapter that the settings ask for."""
    return settings.database_url if settings.database_url in {"embedded", "memory"} else "server"


class Container(containers.DeclarativeContainer):
    """Wires the service. Nothing is made before it is asked for."""

    settings = providers.Dependency(instance_of=Settings)
    storage = providers.Callable(storage_kind, settings)

    embedded_server = providers.ThreadSafeSingleton(EmbeddedPostgres, data_dir=settings.provided.data_dir)
    database_url = providers.Selector(
        storage,
        embedded=embedded_server.provided.url,
        server=settings.provided.database_url,
    )
    engine = providers.ThreadSafeSingleton(make_engine, database_url, pool_size=CONNECTIONS)
    repository = providers.Selector(
        storage,
        memory=providers.ThreadSafeSingleton(InMemoryRepository, new_id=providers.Object(uuid7)),
        embedded=providers.ThreadSafeSingleton(PgVectorRepository, engine, new_id=providers.Object(uuid7)),
        server=providers.ThreadSafeSingleton(PgVectorRepository, engine, new_id=providers.Object(uuid7)),
    )

    workers = providers.ThreadSafeSingleton(
        ThreadWorkerPool, settings.provided.worker_count, settings.provided.queue
    )
    catalogue = providers.ThreadSafeSingleton(Catalogue.load, CATALOGUE, settings.provided.own_catalogue)
    model_files = providers.ThreadSafeSingleton(ModelFiles, settings.provided.models_dir)
    models = providers.ThreadSafeSingleton(
        OnnxModelLibrary,
        catalogue=catalogue,
        files=model_files,
        cache=settings.provided.cache_dir,
        defaults=settings.provided.default_models,
        aliases=settings.provided.model_aliases,
    )
    analyser = providers.ThreadSafeSingleton(
        FaceAnalyser,
        decoder=providers.Singleton(PillowDecoder, settings.provided.max_pixels),
        aligner=providers.Singleton(SimilarityAligner),
        models=models,
    )

    calibrations = providers.ThreadSafeSingleton(
        FileCalibrations, settings.provided.calibration_dir, CALIBRATIONS
    )
    policy = providers.ThreadSafeSingleton(
        DecisionPolicy,
        calibrations,
        target_fmr=settings.provided.target_fmr,
        target_fpir=settings.provided.target_fpir,
        margin=settings.provided.ambiguity_margin,
    )

    reader = providers.Factory(SourceReader, analyser, workers)
    register_face = providers.Factory(RegisterFace, reader, repository)
    recognize_face = providers.Factory(RecognizeFace, reader, repository, policy)
    list_faces = providers.Factory(ListFaces, repository)
    delete_face = providers.Factory(DeleteFace, repository)
    list_models = providers.Factory(ListModels, models, workers, policy)
    check_readiness = providers.Factory(CheckReadiness, models, repository)
