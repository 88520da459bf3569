"""/api/model: the models that requests may name."""

from litestar import Controller, get
from litestar.di import NamedDependency

from application.catalogue import ListModels
from domain import errors
from entrypoints.http.openapi.refusals import refusals
from entrypoints.http.views.models import ModelsAnswer, ModelView


class ModelController(Controller):
    """Models."""

    path = "/api/model"
    tags = ("models",)

    @get(summary="List models", responses=refusals(errors.Busy))
    async def list_models(self, list_models: NamedDependency[ListModels]) -> ModelsAnswer:
        """All models of the catalogue: those that are installed, and those that the operator can fetch."""
        models = await list_models.execute()
        return ModelsAnswer(detail="Models retrieved", data=[ModelView.of(model) for model in models])
