"""The use case of the operator's probes."""

from dataclasses import dataclass

from application.ports.faces import EmbeddingRepository
from application.ports.gallery import SearchReadiness
from application.ports.models import ModelLibrary
from domain.errors import Unavailable


@dataclass(frozen=True, slots=True)
class CheckReadiness:
    """Says whether requests can be answered."""

    models: ModelLibrary
    repository: EmbeddingRepository
    search: SearchReadiness | None = None
    """None if searches need none."""

    async def execute(self) -> None:
        """Return when the default models are loaded, the store answers, and large galleries have their index.

        Raises:
            Unavailable: one of them is not there.
        """
        if not self.models.loaded():
            raise Unavailable("The models are not loaded.")
        await self.repository.ping()
        if self.search is not None and not self.search.ready:
            raise Unavailable("The index of the faces is being filled; until then searches are slower.")
