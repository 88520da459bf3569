"""The HTTP application over a container's use cases."""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import TypeVar

from litestar import Litestar
from litestar.di import Provide

from application.calibration_report import ReportCalibration
from application.catalogue import ListModels
from application.enrolment import RegisterBatch, RegisterFace
from application.health import CheckReadiness
from application.idempotency import AnswerOnce
from application.liveness_sessions import ReadLivenessSession, StartLivenessSession, TakeLivenessFrame
from application.people import ManageCollections, ManageFaces, ManageProfiles
from application.recognition import (
    CheckLiveness,
    DetectFaces,
    EmbedFaces,
    Identify,
    RecognizeFace,
    VerifyFace,
)
from entrypoints.bootstrap.container import Container
from entrypoints.http.accesslog import LoggedApplication
from entrypoints.http.batch import BatchController
from entrypoints.http.collections import CollectionController
from entrypoints.http.docs import docs_router
from entrypoints.http.errors import HANDLERS
from entrypoints.http.faces import FaceController
from entrypoints.http.health import HealthController
from entrypoints.http.liveness_sessions import LivenessSessionController
from entrypoints.http.models import ModelController
from entrypoints.http.openapi import openapi_config
from entrypoints.http.options import allow_all_methods
from entrypoints.http.profiles import ProfileController
from entrypoints.http.recognition import RecognitionController
from entrypoints.http.text import check_address
from entrypoints.http.upload_budget import UploadBudget

CONTROLLERS = (
    FaceController,
    BatchController,
    RecognitionController,
    LivenessSessionController,
    ProfileController,
    CollectionController,
    ModelController,
    HealthController,
)

USE_CASES: Mapping[str, type] = {
    "answer_once": AnswerOnce,
    "check_liveness": CheckLiveness,
    "check_readiness": CheckReadiness,
    "detect_faces": DetectFaces,
    "embed_faces": EmbedFaces,
    "identify": Identify,
    "list_models": ListModels,
    "manage_collections": ManageCollections,
    "manage_faces": ManageFaces,
    "manage_profiles": ManageProfiles,
    "read_liveness_session": ReadLivenessSession,
    "recognize_face": RecognizeFace,
    "report_calibration": ReportCalibration,
    "register_batch": RegisterBatch,
    "register_face": RegisterFace,
    "start_liveness_session": StartLivenessSession,
    "take_liveness_frame": TakeLivenessFrame,
    "verify_face": VerifyFace,
}
"""What handlers may ask for: the parameter's name, which is the container's too, and its type."""

T = TypeVar("T")


def create_app(container: Container) -> Litestar:
    """The application; whoever runs it keeps the container running (see entrypoints/bootstrap/start.py)."""
    settings = container.settings()
    return LoggedApplication(
        [*CONTROLLERS, docs_router],
        dependencies={
            name: Provide(_bridge(getattr(container, name), kind), sync_to_thread=False)
            for name, kind in USE_CASES.items()
        },
        exception_handlers=HANDLERS,
        before_request=check_address,
        before_send=[allow_all_methods],
        openapi_config=openapi_config(version("face-api")),
        request_max_body_size=settings.max_body_bytes,
        uploads=UploadBudget(settings.max_uploads_bytes, container.give_back_memory()),
        logging_config=None,
    )


def _bridge(provider: Callable[[], T], kind: type[T]) -> Callable[[], T]:
    """A function whose return annotation is the type: the framework reads it there."""

    def provide() -> T:
        return provider()

    provide.__annotations__["return"] = kind
    return provide
