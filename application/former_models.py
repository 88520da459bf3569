"""The use case that finds enrolled faces with which no photo is compared any more."""

from contextlib import suppress
from dataclasses import dataclass

from application.ports.crops import Backlog, CropArchive
from application.ports.models import ModelLibrary
from domain.errors import UnknownModel
from domain.models import current_name


@dataclass(frozen=True, slots=True)
class FormerFaces:
    """Faces of a model that this version doesn't have, whose people the successor doesn't know."""

    model: str
    successor: str
    faces: Backlog


@dataclass(frozen=True, slots=True)
class FindFormerFaces:
    """Looks for faces of models that are not in the catalogue, such as those of earlier versions."""

    crops: CropArchive
    models: ModelLibrary

    async def execute(self) -> list[FormerFaces]:
        """By name of the model; the successor is the model's present version, else the default.

        Raises:
            Unavailable: the store does not answer.
        """
        known = {model.name for model in self.models.list()}
        default = self.models.choose(None, None).recognition
        found = []
        for model in sorted(await self.crops.models() - known):
            successor = self._present(current_name(model)) or default
            left_behind = await self.crops.left_behind(model, successor)
            if left_behind != Backlog(0, 0):
                found.append(FormerFaces(model, successor, left_behind))
        return found

    def _present(self, name: str | None) -> str | None:
        """What a model is called now; None if there is none."""
        with suppress(UnknownModel):
            return self.models.choose(None, name).recognition
        return None
