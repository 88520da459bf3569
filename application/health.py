"""The use case of the operator's probes."""

from dataclasses import dataclass

from application.ports.faces import EmbeddingRepository
from application.ports.models import ModelLibrary
from domain.errors import Unavailable


@dataclass(frozen=True, slots=True)
class CheckReadiness:
    """Says whether requests can be answered."""

    models: ModelLibrary
    repository: EmbeddingRepository

    async def execute(self) -> None:
        """Return when the default models are loaded and the store answers.

        Raises:
            Unavailable: one of them is not there.
        """
        if not self.models.loaded():
            raise Unavailable("The models are not loaded.")
        await self.repository.ping()
