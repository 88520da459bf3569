"""The one place where ports meet their adapters."""

from functools import partial
from typing import Any

from dependency_injector import containers, providers

from adapters.embedded_postgres.server import EmbeddedPostgres
from adapters.faiss.store import FaissGalleryIndexes
from adapters.files.calibration import FileCalibrations
from adapters.files.liveness import FileLivenessCalibrations
from adapters.imaging.alignment import SimilarityAligner
from adapters.imaging.crops import PngCrops
from adapters.imaging.decoder import PillowDecoder
from adapters.imaging.quality import LandmarkQualityAssessor
from adapters.imaging.refinement import RefiningAligner
from adapters.imaging.threads import one_thread_an_image
from adapters.memory.api_keys import InMemoryApiKeys
from adapters.memory.archive import InMemoryArchive
from adapters.memory.cohorts import InMemoryCohorts
from adapters.memory.crops import InMemoryCrops
from adapters.memory.gallery import InMemoryGallery
from adapters.memory.idempotency import InMemoryIdempotency
from adapters.memory.liveness_sessions import InMemoryLivenessSessions
from adapters.memory.people import InMemoryCollections, InMemoryProfiles
from adapters.memory.repository import InMemoryRepository
from adapters.memory.store import InMemoryStore
from adapters.onnx.catalogue import Catalogue
from adapters.onnx.engines.choice import choose_engine
from adapters.onnx.files import ModelFiles
from adapters.onnx.library import OnnxModelLibrary
from adapters.postgres.api_keys import PostgresApiKeys
from adapters.postgres.archive import PgVectorArchive
from adapters.postgres.changes import PostgresGallerySource
from adapters.postgres.cohorts import PostgresCohorts
from adapters.postgres.crops import PostgresCrops
from adapters.postgres.engine import make_engine
from adapters.postgres.gallery import PgVectorGallery
from adapters.postgres.idempotency import PostgresIdempotency
from adapters.postgres.liveness_sessions import PostgresLivenessSessions
from adapters.postgres.people import PostgresCollections, PostgresProfiles
from adapters.postgres.repository import PgVectorRepository
from adapters.threads.cores import SpareCores
from adapters.threads.pool import ThreadWorkerPool
from application.analysis import FaceAnalyser
from application.api_keys import Authenticate, ManageKeys
from application.bulk.enrol import EnrolPhotos
from application.bulk.export import ExportPeople
from application.bulk.identify import IdentifyPhotos
from application.bulk.photos import PhotoReader
from application.bulk.reembed import ReembedFaces
from application.bulk.restore import ImportPeople
from application.calibration_report import ReportCalibration
from application.catalogue import ListModels
from application.decisions import DecisionPolicy
from application.enrolment import RegisterBatch, RegisterFace
from application.gallery_calibration import GalleryCalibration
from application.health import CheckReadiness
from application.idempotency import AnswerOnce
from application.indexed import IndexedGallery, ResidentGalleries
from application.liveness import LivenessGate, calibrated
from application.liveness_frames import FrameMeter
from application.liveness_sessions import (
    ReadLivenessSession,
    StartLivenessSession,
    TakeLivenessFrame,
    UseLivenessSession,
)
from application.people import ManageCollections, ManageFaces, ManageProfiles
from application.recognition import (
    CheckLiveness,
    DetectFaces,
    EmbedFaces,
    Identify,
    RecognizeFace,
    VerifyFace,
)
from application.sources import SourceReader
from domain.capture import MINIFASNET_LIMITS
from domain.models import Alignment
from entrypoints.bootstrap.settings import PROJECT, Settings

CATALOGUE = PROJECT / "static" / "models.toml"
CALIBRATIONS = PROJECT / "static" / "calibration"

CONNECTIONS = 8
"""To the database; a statement takes milliseconds, so that a few serve many clients."""

LEAST_INDEXED = 1000
"""Galleries of fewer faces take the database no longer than reading an answer."""

MOST_THREADS = 4
"""Of one run of a network: the more there are, the less each of them spares."""


def search_kind(settings: Settings) -> str:
    """The name of the adapter that searches."""
    return "memory" if settings.database_url == "memory" else settings.search


def storage_kind(settings: Settings) -> str:
    """The name of the storage adapter that the settings ask for."""
    return settings.database_url if settings.database_url in {"embedded", "memory"} else "server"


def spare_cores(cores: int) -> SpareCores | None:
    """For runs of networks to spread over; None if there is one core only."""
    return SpareCores(cores, min(cores, MOST_THREADS)) if cores > 1 else None


def _stored(
    storage: providers.Provider[str], memory: providers.Provider[Any], postgres: providers.Provider[Any]
) -> providers.Selector:
    """A storage port: in memory, or in PostgreSQL wherever it runs."""
    return providers.Selector(storage, memory=memory, embedded=postgres, server=postgres)


class Container(containers.DeclarativeContainer):
    """Wires the service. Nothing is made before it is asked for."""

    settings = providers.Dependency(instance_of=Settings)
    storage = providers.Callable(storage_kind, settings)
    kept_crops = providers.Callable(lambda settings: "yes" if settings.store_crops else "no", settings)

    embedded_server = providers.ThreadSafeSingleton(EmbeddedPostgres, data_dir=settings.provided.data_dir)
    database_url = providers.Selector(
        storage,
        embedded=embedded_server.provided.url,
        server=settings.provided.database_url,
    )
    engine = providers.ThreadSafeSingleton(make_engine, database_url, pool_size=CONNECTIONS)
    memory = providers.ThreadSafeSingleton(InMemoryStore)
    faces = _stored(
        storage,
        providers.ThreadSafeSingleton(InMemoryRepository, memory),
        providers.ThreadSafeSingleton(PgVectorRepository, engine),
    )
    profiles = _stored(
        storage,
        providers.ThreadSafeSingleton(InMemoryProfiles, memory),
        providers.ThreadSafeSingleton(PostgresProfiles, engine),
    )
    collections = _stored(
        storage,
        providers.ThreadSafeSingleton(InMemoryCollections, memory),
        providers.ThreadSafeSingleton(PostgresCollections, engine),
    )
    search = providers.Callable(search_kind, settings)
    indexes = providers.ThreadSafeSingleton(FaissGalleryIndexes, settings.provided.index_dir)
    residents = providers.ThreadSafeSingleton(
        ResidentGalleries,
        indexes,
        providers.Singleton(PostgresGallerySource, engine),
        threads=settings.provided.worker_count,
        least=LEAST_INDEXED,
    )
    exact_gallery = providers.ThreadSafeSingleton(PgVectorGallery, engine)
    gallery = providers.Selector(
        search,
        memory=providers.ThreadSafeSingleton(InMemoryGallery, memory),
        pgvector=exact_gallery,
        index=providers.ThreadSafeSingleton(IndexedGallery, exact_gallery, residents),
    )
    archive = _stored(
        storage,
        providers.ThreadSafeSingleton(InMemoryArchive, memory),
        providers.ThreadSafeSingleton(PgVectorArchive, engine),
    )
    crop_archive = _stored(
        storage,
        providers.ThreadSafeSingleton(InMemoryCrops, memory),
        providers.ThreadSafeSingleton(PostgresCrops, engine),
    )
    idempotency = _stored(
        storage,
        providers.ThreadSafeSingleton(InMemoryIdempotency),
        providers.ThreadSafeSingleton(PostgresIdempotency, engine),
    )
    liveness_sessions = _stored(
        storage,
        providers.ThreadSafeSingleton(InMemoryLivenessSessions),
        providers.ThreadSafeSingleton(PostgresLivenessSessions, engine),
    )

    api_keys = _stored(
        storage,
        providers.ThreadSafeSingleton(InMemoryApiKeys),
        providers.ThreadSafeSingleton(PostgresApiKeys, engine),
    )
    manage_keys = providers.Factory(ManageKeys, api_keys)
    authenticate = providers.ThreadSafeSingleton(
        Authenticate,
        api_keys,
        anonymous=settings.provided.allow_anonymous,
        local=settings.provided.local,
    )

    workers = providers.ThreadSafeSingleton(
        ThreadWorkerPool,
        settings.provided.worker_count,
        settings.provided.queue,
        prepare=providers.Object(one_thread_an_image),
    )
    catalogue = providers.ThreadSafeSingleton(Catalogue.load, CATALOGUE, settings.provided.own_catalogue)
    model_files = providers.ThreadSafeSingleton(ModelFiles, settings.provided.models_dir)
    spare = providers.ThreadSafeSingleton(spare_cores, settings.provided.cores)
    inference = providers.ThreadSafeSingleton(
        choose_engine, settings.provided.inference, settings.provided.worker_count, spare
    )
    models = providers.ThreadSafeSingleton(
        OnnxModelLibrary,
        catalogue=catalogue,
        files=model_files,
        cache=settings.provided.cache_dir,
        defaults=settings.provided.default_models,
        aliases=settings.provided.model_aliases,
        engine=inference,
    )
    liveness_calibrations = providers.ThreadSafeSingleton(
        FileLivenessCalibrations, settings.provided.liveness_calibration
    )
    spoof_detector = providers.Factory(
        partial,
        calibrated,
        models.provided.spoof_detector,
        settings.provided.liveness_models,
        liveness_calibrations,
    )
    crop_codec = providers.Singleton(PngCrops)
    analyser = providers.ThreadSafeSingleton(
        FaceAnalyser,
        decoder=providers.Singleton(
            PillowDecoder, settings.provided.max_pixels, settings.provided.max_decode_s
        ),
        aligners=providers.Dict(
            {
                Alignment.DETECTED: providers.Singleton(SimilarityAligner),
                Alignment.REFINED: providers.Singleton(RefiningAligner, models.provided.landmark_locator),
            }
        ),
        models=models,
        gate=providers.ThreadSafeSingleton(
            LivenessGate,
            settings.provided.liveness,
            spoof_detector,
            providers.Object(MINIFASNET_LIMITS),
        ),
        assessor=providers.Singleton(LandmarkQualityAssessor),
        most_faces=settings.provided.max_faces,
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
        mode=settings.provided.calibration,
    )
    cohorts = _stored(
        storage,
        providers.ThreadSafeSingleton(InMemoryCohorts, memory),
        providers.ThreadSafeSingleton(PostgresCohorts, engine),
    )
    calibration = providers.ThreadSafeSingleton(GalleryCalibration, cohorts)

    report_calibration = providers.Factory(ReportCalibration, models, policy, calibration)

    frame_meter = providers.Factory(FrameMeter, analyser)
    start_liveness_session = providers.Factory(
        StartLivenessSession, liveness_sessions, frame_meter, policy, settings.provided.session_limits
    )
    take_liveness_frame = providers.Factory(
        TakeLivenessFrame,
        liveness_sessions,
        frame_meter,
        workers,
        policy,
        settings.provided.session_limits,
        settings.provided.liveness,
    )
    read_liveness_session = providers.Factory(
        ReadLivenessSession, liveness_sessions, settings.provided.session_limits
    )
    use_liveness_session = providers.Factory(UseLivenessSession, liveness_sessions, policy)

    reader = providers.Factory(SourceReader, analyser, workers, use_liveness_session)
    identify = providers.Factory(
        Identify,
        reader,
        gallery,
        policy,
        calibration,
        settings.provided.identification_method,
        settings.provided.quality_recognition,
    )
    recognize_face = providers.Factory(RecognizeFace, identify)
    verify_face = providers.Factory(
        VerifyFace,
        reader,
        gallery,
        profiles,
        policy,
        calibration,
        settings.provided.identification_method,
        settings.provided.quality_recognition,
    )
    check_liveness = providers.Factory(CheckLiveness, reader)
    detect_faces = providers.Factory(DetectFaces, reader)
    embed_faces = providers.Factory(EmbedFaces, reader)
    register_face = providers.Factory(
        RegisterFace,
        reader,
        faces,
        profiles,
        gallery,
        policy,
        calibration,
        settings.provided.quality_enrolment,
        providers.Selector(kept_crops, yes=crop_codec, no=providers.Object(None)),
    )
    register_batch = providers.Factory(RegisterBatch, register_face, settings.provided.batch_width)
    photo_reader = providers.Factory(PhotoReader, settings.provided.max_body_bytes)
    enrol_photos = providers.Factory(
        EnrolPhotos, register_face, collections, workers, photo_reader, settings.provided.bulk_width
    )
    identify_photos = providers.Factory(
        IdentifyPhotos, identify, collections, workers, photo_reader, settings.provided.bulk_width
    )
    reembed_faces = providers.Factory(
        ReembedFaces,
        crop_archive,
        crop_codec,
        faces,
        collections,
        models,
        workers,
        settings.provided.bulk_width,
    )
    export_people = providers.Factory(ExportPeople, collections, profiles, archive, workers)
    import_people = providers.Factory(ImportPeople, collections, archive, models, workers)
    answer_once = providers.Factory(AnswerOnce, idempotency)
    manage_faces = providers.Factory(ManageFaces, faces)
    manage_profiles = providers.Factory(ManageProfiles, profiles, faces)
    manage_collections = providers.Factory(ManageCollections, collections)
    list_models = providers.Factory(ListModels, models, workers, policy)
    prepared_search = providers.Selector(
        search, memory=providers.Object(None), pgvector=providers.Object(None), index=residents
    )
    check_readiness = providers.Factory(CheckReadiness, models, faces, prepared_search)
