"""/health: what an orchestrator asks."""

from collections.abc import Mapping

from litestar import Controller, get
from litestar.di import NamedDependency
from msgspec import UNSET

from application.health import CheckReadiness
from domain import errors
from entrypoints.http.envelope import Degradation, Health
from entrypoints.http.openapi.refusals import refusals

_WORDS: Mapping[Degradation, str] = {
    "storage_full": "the storage is full: nothing can be added",
    "index_unavailable": "the index does not answer: large galleries are not searched",
}


class HealthController(Controller):
    """Probes."""

    path = "/health"
    tags = ("health",)

    @get("/live", summary="Tell whether the process is alive", responses=refusals())
    async def get_liveness(self) -> Health:
        """Answers as long as the process can."""
        return Health(detail="Alive")

    @get("/ready", summary="Tell whether requests can be answered", responses=refusals(errors.Unavailable))
    async def get_readiness(self, check_readiness: NamedDependency[CheckReadiness]) -> Health:
        """200 when the models are loaded and the database answers, else 503.

        `degraded` has `storage_full` while the database's disk has no room: people are found but not registered; and
        `index_unavailable` while an index that instances share doesn't answer: large galleries are not searched.
        """
        found = await check_readiness.execute()
        lag = UNSET if found.index_lag_s is None else found.index_lag_s
        degraded: list[Degradation] = [*found.degraded]
        if not found.writable:
            degraded.insert(0, "storage_full")
        words = [_WORDS[word] for word in degraded]
        return Health(
            detail="; ".join(["Ready", *words]) + "." * bool(words), degraded=degraded, index_lag_s=lag
        )
