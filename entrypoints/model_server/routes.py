"""The protocol's addresses."""

import asyncio
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from adapters.remote.protocol import HEADER_LENGTH, read_request
from adapters.threads.pool import ThreadWorkerPool
from domain.errors import Busy
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.model_server.served import PLATFORM, ServedModels

EXTENSIONS = ["binary_tensor_data", "model_repository"]
MAX_TIMEOUT_S = 600.0
"""For which a client may say that it waits."""


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
    async def list_models(
        self, served: NamedDependency[ServedModels], workers: NamedDependency[ThreadWorkerPool]
    ) -> list[dict[str, str]]:
        """All models that can be served."""
        return await workers.run(served.index)

    @get("/models/{model:str}")
    async def get_model(
        self,
        model: FromPath[str],
        served: NamedDependency[ServedModels],
        workers: NamedDependency[ThreadWorkerPool],
    ) -> dict[str, Any]:
        """A model's inputs and outputs, and whose weights it has."""
        return await workers.run(served.metadata, model)

    @get("/models/{model:str}/ready")
    async def get_model_ready(
        self,
        model: FromPath[str],
        served: NamedDependency[ServedModels],
        workers: NamedDependency[ThreadWorkerPool],
    ) -> dict[str, Any]:
        """Whether a model can be run."""
        await workers.run(served.metadata, model)
        return {"name": model, "ready": True}

    @post("/models/{model:str}/infer", status_code=HTTPStatus.OK)
    async def infer(
        self,
        request: AnyRequest,
        model: FromPath[str],
        served: NamedDependency[ServedModels],
        workers: NamedDependency[ThreadWorkerPool],
    ) -> Response[bytes]:
        """Run a model."""
        asked, inputs = read_request(await request.body(), request.headers.get(HEADER_LENGTH))
        given = asked.parameters.get("timeout")
        timeout = given / 1e6 if isinstance(given, int | float) and given > 0 else MAX_TIMEOUT_S
        try:
            async with asyncio.timeout(min(timeout, MAX_TIMEOUT_S)):
                body, header = await workers.run(served.infer, model, asked, inputs)
        except TimeoutError as error:
            raise Busy("The time that the request allows is over.") from error
        headers = {} if header is None else {HEADER_LENGTH: str(header)}
        kind = "application/json" if header is None else "application/octet-stream"
        return Response(body, media_type=kind, headers=headers)
