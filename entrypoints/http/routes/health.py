"""/health: what an orchestrator asks."""

from litestar import Controller, get
from litestar.di import NamedDependency

from application.health import CheckReadiness
from domain import errors
from entrypoints.http.envelope import Health
from entrypoints.http.openapi.refusals import refusals


class HealthController(Controller):
    """Probes."""

    path = "/health"
    tags = ("health",)

    @get("/live", summary="Tell whether the process is alive")
    async def get_liveness(self) -> Health:
        """Answers as long as the process can."""
        return Health(detail="Alive")

    @get("/ready", summary="Tell whether requests can be answered", responses=refusals(errors.Unavailable))
    async def get_readiness(self, check_readiness: NamedDependency[CheckReadiness]) -> Health:
        """200 when the models are loaded and the database answers, else 503.

        `degraded` has `storage_full` while the database's disk has no room: people are found but not registered.
        """
        if not (await check_readiness.execute()).writable:
            return Health(
                detail="Ready; the storage is full: nothing can be added.", degraded=["storage_full"]
            )
        return Health(detail="Ready")
