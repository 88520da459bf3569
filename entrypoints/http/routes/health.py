"""/health: what an orchestrator asks."""

from litestar import Controller, get
from litestar.di import NamedDependency

from application.health import CheckReadiness
from domain import errors
from entrypoints.http.envelope import Health
from entrypoints.http.openapi.document import refusals


class HealthController(Controller):
    """Probes."""

    path = "/health"
    tags = ("health",)

    @get("/live", summary="Is the process alive?")
    async def live(self) -> Health:
        """Answers as long as the process can."""
        return Health(detail="Alive")

    @get("/ready", summary="Can requests be answered?", responses=refusals(errors.Unavailable))
    async def ready(self, check_readiness: NamedDependency[CheckReadiness]) -> Health:
        """200 when the models are loaded and the database answers, else 503."""
        await check_readiness.execute()
        return Health(detail="Ready")
