"""The address that every photo goes through.

As little of the framework's machinery as can be: parameters and dependencies of handlers and its own answers take a
quarter of what such a request costs beside its work, where other processes have had the processor's caches meanwhile.
"""

import asyncio
from http import HTTPStatus

from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from adapters.remote.protocol import HEADER_LENGTH, read_request
from application.ports.workers import current_client
from domain.errors import Busy
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.model_server.served import Serving

MAX_TIMEOUT_S = 600.0
"""For which a client may say that it waits."""


def infer_handler(serving: Serving) -> HTTPRouteHandler:
    """Runs a model."""

    @post("/v2/models/{model:str}/infer", status_code=HTTPStatus.OK)
    async def infer(request: AnyRequest) -> ASGIResponse:
        asked, inputs = read_request(await request.body(), request.headers.get(HEADER_LENGTH))
        given = asked.parameters.get("timeout")
        timeout = given / 1e6 if isinstance(given, int | float) and given > 0 else MAX_TIMEOUT_S
        try:
            async with asyncio.timeout(min(timeout, MAX_TIMEOUT_S)):
                model = request.path_params["model"]
                body, length = await serving.workers.run(serving.models.infer, model, asked, inputs)
        except TimeoutError as error:
            if (client := current_client.get()) is not None:
                client.drop()
            raise Busy("The time that the request allows is over.") from error
        headers = {} if length is None else {HEADER_LENGTH: str(length)}
        kind = "application/json" if length is None else "application/octet-stream"
        return ASGIResponse(body=body, status_code=HTTPStatus.OK, media_type=kind, headers=headers)

    return infer
