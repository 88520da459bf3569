"""The model service's application."""

from typing import TYPE_CHECKING

from litestar import Litestar
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from adapters.system.machine import return_freed_memory
from application.analysis.analyser import FaceAnalyser
from application.analysis.extraction import LocalExtractor
from entrypoints.bootstrap.analysis import AnalysisContainer
from entrypoints.bootstrap.settings import Settings
from entrypoints.http.access import BrowserRules
from entrypoints.http.middleware.access_log import access_log
from entrypoints.http.middleware.disconnects import drop_abandoned_work
from entrypoints.http.middleware.measured import measured
from entrypoints.http.middleware.stopping import refuse_at_stop
from entrypoints.http.middleware.traced import traced
from entrypoints.http.middleware.uploads import UploadBudget, bound_uploads
from entrypoints.http.routes.metrics import MetricsController
from entrypoints.model_server.access import ServiceGuard
from entrypoints.model_server.errors import HANDLERS, refusal
from entrypoints.model_server.inference import infer, inferring
from entrypoints.model_server.routes import ProtocolController
from entrypoints.model_server.served import ServedModels, Serving
from entrypoints.model_server.stages import Detect, Embed, Examine, Stage

if TYPE_CHECKING:  # its libraries are an extra
    from adapters.opentelemetry.traces import Traces


def served_models(container: AnalysisContainer, tasks: frozenset[str], names: list[str]) -> ServedModels:
    """The models of these tasks; `names` are loaded at the start, or the configured ones if it is empty."""
    settings: Settings = container.settings()
    library = container.local_models()
    analyser: FaceAnalyser = container.analyser()
    extractor = LocalExtractor(analyser.decoder, analyser.aligners, library, analyser.assessor, analyser.gate)
    stages: dict[str, Stage] = {
        "detection": Detect(extractor, settings.max_faces),
        "recognition": Embed(library),
        "anti_spoofing": Examine(library),
    }
    defaults = {
        "detection": [settings.detection_model],
        "recognition": [settings.recognition_model],
        "anti_spoofing": settings.liveness_models,
    }
    needed = names or [name for task, models in defaults.items() if task in tasks for name in models]
    return ServedModels(library, {task: stages[task] for task in tasks}, needed)


def create_model_app(
    container: AnalysisContainer, served: ServedModels, traces: "Traces | None" = None
) -> ASGIApp:
    """The application."""
    settings: Settings = container.settings()
    serving = Serving(served, container.workers())
    rules = BrowserRules(frozenset(name.lower() for name in settings.allowed_hosts), frozenset())
    guard = ServiceGuard(settings.service_key, rules, certified=settings.service_ca is not None)
    api = Litestar(
        [ProtocolController, MetricsController, infer],
        dependencies={"serving": Provide(lambda: serving, sync_to_thread=False)},
        guards=[guard],
        exception_handlers=HANDLERS,  # type: ignore[arg-type]
        openapi_config=None,
        request_max_body_size=settings.max_body_bytes,
        logging_config=None,
    )
    budget = UploadBudget(settings.max_uploads_bytes, container.workers().count_received, return_freed_memory)
    models = inferring(api, serving, guard, settings.max_body_bytes)
    bounded = refuse_at_stop(bound_uploads(drop_abandoned_work(models), budget), refusal)
    requests = access_log(measured(traced(bounded, traces)))

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await (requests if scope["type"] == ScopeType.HTTP else api)(scope, receive, send)

    return application
