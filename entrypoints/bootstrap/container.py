"""Wiring of the use cases: the one place where all ports have met their adapters."""

from dependency_injector import providers

from adapters.files.calibration import FileCalibrations
from adapters.files.operator import DataDirectoryFiles
from adapters.shared_memory.counters import SharedCounters
from adapters.system.machine import return_freed_memory
from application.analysis.sources import SourceReader
from application.api_keys import Authenticate
from application.bulk.backup import BackUpInstance, RestoreInstance
from application.bulk.enrol import EnrolPhotos
from application.bulk.export import ExportPeople
from application.bulk.identify import IdentifyPhotos
from application.bulk.photos import PhotoReader
from application.bulk.reembed import ReembedFaces
from application.bulk.restore import ImportPeople
from application.calibration_report import ReportCalibration
from application.catalogue import ListModels
from application.decisions import DecisionPolicy
from application.enrolment import EnrolBatch, EnrolFace
from application.former_models import FindFormerFaces
from application.gallery_calibration import GalleryCalibration
from application.gallery_check.check import CheckGallery
from application.health import CheckReadiness
from application.idempotency import AnswerOnce
from application.limits import LimitClients
from application.liveness.frames import FrameAnalyser
from application.liveness.sessions import (
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
)
from application.right_of_access import ExportPerson
from application.verification import VerifyFace
from entrypoints.bootstrap.analysis import AnalysisContainer
from entrypoints.bootstrap.settings import PROJECT
from entrypoints.bootstrap.tracing import open_traces

CALIBRATIONS = PROJECT / "static" / "calibration"

_ports = AnalysisContainer
_settings = _ports.settings.provided


class Container(AnalysisContainer):
    """Wires the service. Nothing is made before it is asked for."""

    traces = providers.ThreadSafeSingleton(open_traces, _settings.traces_url)
    return_freed_memory = providers.Object(return_freed_memory)
    kept_crops = providers.Callable(lambda settings: "yes" if settings.store_crops else "no", _ports.settings)
    calibrations = providers.ThreadSafeSingleton(FileCalibrations, _settings.calibration_dir, CALIBRATIONS)
    policy = providers.ThreadSafeSingleton(
        DecisionPolicy,
        calibrations.provided.load,
        target_fmr=_settings.target_fmr,
        target_fpir=_settings.target_fpir,
        margin=_settings.ambiguity_margin,
        mode=_settings.calibration,
    )
    calibration = providers.ThreadSafeSingleton(GalleryCalibration, _ports.cohorts, _settings.calibration)
    report_calibration = providers.Factory(ReportCalibration, _ports.models, policy, calibration)
    check_gallery = providers.ThreadSafeSingleton(
        CheckGallery, _ports.models, policy, calibration, _ports.enrolled_vectors, _ports.workers
    )
    frame_analyser = providers.Factory(FrameAnalyser, _ports.analyser)
    start_liveness_session = providers.Factory(
        StartLivenessSession,
        _ports.liveness_sessions,
        _ports.models,
        policy,
        _settings.session_limits,
    )
    take_liveness_frame = providers.Factory(
        TakeLivenessFrame,
        _ports.liveness_sessions,
        frame_analyser,
        _ports.workers,
        policy,
        _settings.session_limits,
        _settings.liveness,
    )
    read_liveness_session = providers.Factory(
        ReadLivenessSession,
        _ports.liveness_sessions,
        _settings.session_limits,
    )
    use_liveness_session = providers.Factory(UseLivenessSession, _ports.liveness_sessions, policy)
    reader = providers.Factory(SourceReader, _ports.analyser, _ports.workers, use_liveness_session)
    identify = providers.Factory(
        Identify,
        reader,
        _ports.gallery,
        policy,
        calibration,
        _settings.identification_method,
        _settings.quality_recognition,
        _ports.match_days.provided.add,
    )
    recognize_face = providers.Factory(RecognizeFace, identify)
    verify_face = providers.Factory(
        VerifyFace,
        reader,
        _ports.gallery,
        _ports.profiles,
        _ports.collections,
        policy,
        calibration,
        _settings.identification_method,
        _settings.quality_recognition,
        _ports.match_days.provided.add,
    )
    check_liveness = providers.Factory(CheckLiveness, reader)
    detect_faces = providers.Factory(DetectFaces, reader)
    embed_faces = providers.Factory(EmbedFaces, reader)
    enrol_face = providers.Factory(
        EnrolFace,
        reader,
        _ports.faces,
        _ports.profiles,
        _ports.gallery,
        policy,
        calibration,
        _settings.quality_enrolment,
        providers.Selector(kept_crops, yes=_ports.crop_codec, no=providers.Object(None)),
    )
    enrol_batch = providers.Factory(EnrolBatch, enrol_face, _ports.workers, _settings.batch_width)
    photo_reader = providers.Factory(PhotoReader, _settings.max_body_bytes)
    enrol_photos = providers.Factory(
        EnrolPhotos,
        enrol_face,
        _ports.collections,
        _ports.workers,
        photo_reader,
        _settings.bulk_concurrency,
    )
    identify_photos = providers.Factory(
        IdentifyPhotos,
        identify,
        _ports.collections,
        _ports.workers,
        photo_reader,
        _settings.bulk_concurrency,
    )
    reembed_faces = providers.Factory(
        ReembedFaces,
        _ports.crop_archive,
        _ports.crop_codec,
        _ports.faces,
        _ports.collections,
        _ports.models,
        _ports.workers,
        _settings.bulk_concurrency,
    )
    find_former_faces = providers.Factory(FindFormerFaces, _ports.crop_archive, _ports.models)
    export_people = providers.Factory(
        ExportPeople,
        _ports.archive,
        _ports.workers,
    )
    import_people = providers.Factory(
        ImportPeople,
        _ports.collections,
        _ports.archive,
        _ports.models,
        _ports.workers,
    )
    operator_files = providers.Factory(
        DataDirectoryFiles, _settings.calibration_dir, _settings.liveness_calibration, _settings.own_catalogue
    )
    back_up = providers.Factory(
        BackUpInstance, export_people, _ports.collections, _ports.api_keys, operator_files
    )
    restore_instance = providers.Factory(RestoreInstance, import_people, _ports.api_keys, operator_files)
    authenticate = providers.ThreadSafeSingleton(
        Authenticate, _ports.api_keys, anonymous=_settings.allow_anonymous, local=_settings.local
    )
    counters = providers.ThreadSafeSingleton(SharedCounters.create)
    limit_clients = providers.Factory(LimitClients, counters, _settings.limits, _ports.workers)
    answer_once = providers.Factory(AnswerOnce, _ports.idempotency)
    manage_faces = providers.Factory(
        ManageFaces, _ports.faces, _ports.collections, _ports.models, _ports.receipts
    )
    manage_profiles = providers.Factory(
        ManageProfiles, _ports.profiles, _ports.faces, _ports.collections, _ports.receipts
    )
    export_person = providers.Factory(ExportPerson, _ports.archive, _ports.collections)
    manage_collections = providers.Factory(ManageCollections, _ports.collections, _ports.receipts)
    list_models = providers.Factory(ListModels, _ports.models, _ports.workers, policy)
    check_readiness = providers.Factory(
        CheckReadiness, _ports.models, _ports.faces, _ports.search_readiness, _ports.model_services
    )
