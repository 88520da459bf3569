"""The use case of the operator's probes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.faces import EmbeddingRepository
from application.ports.gallery import SearchReadiness, SearchTrouble
from application.ports.health import ModelServices
from application.ports.models import ModelLibrary
from domain.errors import ModelUnavailable, StorageFull, Unavailable


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a service that is ready can do."""

    writable: bool
    """Whether the store has room for new data."""
    degraded: Sequence[SearchTrouble] = ()
    """Stable words for what else is refused or slower for now."""
    index_lag_s: float | None = None
    """For how long the oldest change has waited to be in an index that instances share; None without one."""


@dataclass(frozen=True, slots=True)
class CheckReadiness:
    """Says whether requests can be answered."""

    models: ModelLibrary
    repository: EmbeddingRepository
    search: SearchReadiness | None = None
    """None if searches need none."""
    services: ModelServices | None = None
    """What runs models elsewhere; None if nothing does."""

    async def execute(self) -> Readiness:
        """Return when the default models are loaded, the store answers, and large galleries have their index.

        Raises:
            Unavailable: one of them is not there. ModelUnavailable says which model service isn't ready.
        """
        if not self.models.loaded():
            raise Unavailable("The models are not loaded.")
        if self.services is not None and (missing := await asyncio.to_thread(self.services.missing)):
            raise ModelUnavailable(f"No service for {' and '.join(missing)} is ready.")
        writable = True
        try:
            await self.repository.ping()
        except StorageFull:
            writable = False
        if self.search is not None and not self.search.ready:
            raise Unavailable("The index of the faces is being filled; until then searches are slower.")
        if self.search is None:
            return Readiness(writable)
        return Readiness(writable, self.search.degraded, self.search.lag_s)
