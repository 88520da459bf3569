"""The HTTP application over a container's use cases."""

from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import TypeVar

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide

from application.api_keys import ManageKeys
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
from entrypoints.http.access import AccessGuard, BrowserRules
from entrypoints.http.accesslog import LoggedApplication
from entrypoints.http.batch import BatchController
from entrypoints.http.collections import CollectionController
from entrypoints.http.docs import docs_router
from entrypoints.http.errors import HANDLERS
from entrypoints.http.faces import FaceController
from entrypoints.http.health import HealthController
from entrypoints.http.keys import KeyController
from entrypoints.http.liveness_sessions import LivenessSessionController
from entrypoints.http.models import ModelController
from entrypoints.http.moving import move_on
from entrypoints.http.openapi import openapi_config
from entrypoints.http.options import allow_all_methods
from entrypoints.http.profiles import ProfileController
from entrypoints.http.recognition import RecognitionController
from entrypoints.http.text import check_address

CONTROLLERS = (
    FaceController,
    BatchController,
    RecognitionController,
    LivenessSessionController,
    ProfileController,
    CollectionController,
    ModelController,
    KeyController,
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
    "manage_keys": ManageKeys,
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
        guards=[
            AccessGuard(
                container.authenticate(),
                BrowserRules(
                    frozenset(name.lower() for name in settings.allowed_hosts),
                    frozenset(origin.rstrip("/") for origin in settings.cors_origins),
                ),
            )
        ],
        cors_config=_cors(settings.cors_origins),
        exception_handlers=HANDLERS,  # type: ignore[arg-type]
        before_request=check_address,
        before_send=[allow_all_methods, *([move_on] if settings.process_count > 1 else [])],
        openapi_config=openapi_config(version("face-api")),
        request_max_body_size=settings.max_body_bytes,
        logging_config=None,
    )


def _cors(origins: list[str]) -> CORSConfig | None:
    """What pages of other sites may send; without origins no CORS header is ever sent."""
    if not origins:
        return None
    return CORSConfig(
        allow_origins=[origin.rstrip("/") for origin in origins],
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-API-Key"],
        expose_headers=["Retry-After", "X-Request-ID"],
    )


def _bridge(provider: Callable[[], T], kind: type[T]) -> Callable[[], T]:
    """A function whose return annotation is the type: the framework reads it there."""

    def provide() -> T:
        return provider()

    provide.__annotations__["return"] = kind
    return provide
