"""The use case of the operator's probes."""

from dataclasses import dataclass

from application.indexed import ResidentGalleries
from application.ports.faces import EmbeddingRepository
from application.ports.models import ModelLibrary
from domain.errors import StorageFull, Unavailable


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a service that is ready can do."""

    writable: bool
    """Whether the store has room for new data."""


@dataclass(frozen=True, slots=True)
class CheckReadiness:
    """Says whether requests can be answered."""

    models: ModelLibrary
    repository: EmbeddingRepository
    indexes: ResidentGalleries | None = None
    """None if searches need none."""

    async def execute(self) -> Readiness:
        """Return when the default models are loaded, the store answers, and large galleries have their index.

        Raises:
            Unavailable: one of them is not there.
        """
        if not self.models.loaded():
            raise Unavailable("The models are not loaded.")
        writable = True
        try:
            await self.repository.ping()
        except StorageFull:
            writable = False
        if self.indexes is not None and not self.indexes.ready:
            raise Unavailable("The index of the faces is being filled; until then searches are slower.")
        return Readiness(writable)
