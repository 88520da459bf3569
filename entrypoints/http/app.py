"""The HTTP application over a container's use cases."""

from collections.abc import Callable
from importlib.metadata import version

from dependency_injector import providers
from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, AsyncAnyCallable, Receive, Scope, Send

from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings
from entrypoints.http.access import AccessGuard, BrowserRules
from entrypoints.http.errors import HANDLERS
from entrypoints.http.middleware.access_log import access_log
from entrypoints.http.middleware.audit import audited
from entrypoints.http.middleware.deadline import within_deadline
from entrypoints.http.middleware.disconnects import drop_abandoned_work
from entrypoints.http.middleware.measured import measured
from entrypoints.http.middleware.methods import head_as_get
from entrypoints.http.middleware.proxies import behind_proxies
from entrypoints.http.middleware.security_headers import security_headers
from entrypoints.http.middleware.stopping import refuse_at_stop
from entrypoints.http.middleware.traced import traced
from entrypoints.http.middleware.turns import in_turn
from entrypoints.http.middleware.uploads import UploadBudget, bound_uploads
from entrypoints.http.openapi.document import openapi_config
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.http.requests.text import check_address
from entrypoints.http.routes.audit import AuditController
from entrypoints.http.routes.batch import BatchController
from entrypoints.http.routes.collections import CollectionController
from entrypoints.http.routes.console import console_router
from entrypoints.http.routes.docs import docs_router
from entrypoints.http.routes.faces import FaceController
from entrypoints.http.routes.gallery import GalleryController
from entrypoints.http.routes.health import HealthController
from entrypoints.http.routes.keys import KeyController
from entrypoints.http.routes.liveness_sessions import LivenessSessionController
from entrypoints.http.routes.metrics import MetricsController
from entrypoints.http.routes.models import ModelController
from entrypoints.http.routes.profiles import ProfileController
from entrypoints.http.routes.recognition import RecognitionController

CONTROLLERS = (
    FaceController,
    BatchController,
    RecognitionController,
    LivenessSessionController,
    ProfileController,
    CollectionController,
    GalleryController,
    ModelController,
    KeyController,
    AuditController,
    HealthController,
    MetricsController,
)

USE_CASES = (
    "answer_once",
    "check_gallery",
    "check_liveness",
    "check_readiness",
    "detect_faces",
    "embed_faces",
    "enrol_batch",
    "enrol_face",
    "export_person",
    "identify",
    "list_models",
    "manage_collections",
    "manage_faces",
    "manage_keys",
    "manage_profiles",
    "read_audit",
    "read_liveness_session",
    "recognize_face",
    "report_calibration",
    "start_liveness_session",
    "take_liveness_frame",
    "verify_face",
)
"""What handlers may ask for: the names of parameters, which are the container's too."""


def create_app(container: Container) -> ASGIApp:
    """The application; whoever runs it keeps the container running (see entrypoints/bootstrap/start.py)."""
    settings: Settings = container.settings()
    api = create_api(container)
    budget = UploadBudget(
        settings.max_uploads_bytes, container.workers().count_received, container.return_freed_memory()
    )
    punctual = within_deadline(api, settings.deadline_s)
    bounded = refuse_at_stop(bound_uploads(drop_abandoned_work(punctual), budget))
    recorded = access_log(
        audited(head_as_get(measured(traced(bounded, container.traces()))), container.audit_trail())
    )
    requests = security_headers(
        behind_proxies(
            in_turn(recorded, container.workers()),
            settings.trusted_proxies,
            settings.root_path,
            {route.path.split("/")[1] for route in api.routes},
        )
    )

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        # Servers also tell of their own start, and of web sockets.
        await (requests if scope["type"] == ScopeType.HTTP else api)(scope, receive, send)

    return application


def _access_guard(container: Container) -> AccessGuard:
    """What checks each request."""
    settings: Settings = container.settings()
    hosts = frozenset(name.lower() for name in settings.allowed_hosts)
    origins = frozenset(origin.rstrip("/") for origin in settings.cors_origins)
    return AccessGuard(container.authenticate(), container.limit_clients(), BrowserRules(hosts, origins))


def create_api(container: Container) -> Litestar:
    """The framework's part of the application: its routes and what they need."""
    settings: Settings = container.settings()
    api = Litestar(
        [*CONTROLLERS, docs_router, console_router],
        dependencies={
            name: Provide(_bridge(getattr(container, name)), use_cache=True, sync_to_thread=False)
            for name in USE_CASES
        },
        cors_config=_cors(settings.cors_origins),
        exception_handlers=HANDLERS,  # type: ignore[arg-type]
        before_request=check_address,
        openapi_config=openapi_config(version("face-api")),
        request_max_body_size=settings.max_body_bytes,
        logging_config=None,
    )
    guard_handlers(api, _access_guard(container))
    resolve_dependencies_in_turn(api)
    return api


def guard_handlers(api: Litestar, guard: AccessGuard) -> None:
    """Let the guard check every request, before what its handler's own `before_request` does.

    For a guard of its own the framework copies the handler, attribute by attribute, for each request.
    """

    def guarded(own: AsyncAnyCallable) -> AsyncAnyCallable:
        async def check(request: AnyRequest) -> None:
            await guard(request, request.route_handler)
            await own(request)

        return check

    routes = [route for route in api.routes if isinstance(route, HTTPRoute)]
    handlers = {id(each): each for route in routes for each, _ in route.route_handler_map.values()}
    for handler in handlers.values():
        *_, own = (layer.before_request for layer in handler.ownership_layers if layer.before_request)
        handler.before_request = guarded(own)


def resolve_dependencies_in_turn(api: Litestar) -> None:
    """Let handlers get what they ask for without a task for each of it.

    The framework starts tasks for dependencies that don't depend on each other. All of ours are computed at once, and
    the tasks took a tenth of an answer's time.
    """
    for route in api.routes:
        if isinstance(route, HTTPRoute):
            for _, model in route.route_handler_map.values():
                model.dependency_batches = [{each} for batch in model.dependency_batches for each in batch]


def _cors(origins: list[str]) -> CORSConfig | None:
    """What pages of other sites may send; without origins no CORS header is ever sent."""
    if not origins:
        return None
    return CORSConfig(
        allow_origins=[origin.rstrip("/") for origin in origins],
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-API-Key"],
        expose_headers=["RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"],
    )


def _bridge(provider: providers.Factory[object]) -> Callable[[], object]:
    """A function whose return annotation is what the provider makes: the framework reads it there."""

    def provide() -> object:
        return provider()

    provide.__annotations__["return"] = provider.provides
    return provide
