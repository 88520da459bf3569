"""The protocol's addresses, besides that which runs models."""

from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from entrypoints.model_server.served import PLATFORM, Serving

EXTENSIONS = ["binary_tensor_data", "model_repository"]


class ProtocolController(Controller):
    """The Open Inference Protocol, version 2."""

    path = "/v2"

    @get("/")
    async def get_server(self) -> dict[str, Any]:
        """What this is."""
        return {"name": PLATFORM, "version": version("face-api"), "extensions": EXTENSIONS}

    @get("/health/live")
    async def get_live(self) -> dict[str, bool]:
        """Answers as long as the process can."""
        return {"live": True}

    @get("/health/ready")
    async def get_ready(self) -> dict[str, bool]:
        """The service listens only when its models are loaded."""
        return {"ready": True}

    @post("/repository/index", status_code=HTTPStatus.OK)
    async def list_models(self, serving: NamedDependency[Serving]) -> list[dict[str, str]]:
        """All models that can be served."""
        return await serving.workers.run(serving.models.index)

    @get("/models/{model:str}")
    async def get_model(self, model: FromPath[str], serving: NamedDependency[Serving]) -> dict[str, Any]:
        """A model's inputs and outputs, and whose weights it has."""
        return await serving.workers.run(serving.models.metadata, model)

    @get("/models/{model:str}/ready")
    async def get_model_ready(
        self, model: FromPath[str], serving: NamedDependency[Serving]
    ) -> dict[str, Any]:
        """Whether a model can be run."""
        await serving.workers.run(serving.models.metadata, model)
        return {"name": model, "ready": True}
