"""The address that every photo goes through, beside the framework rather than in it.

Its routing, dependencies and answers took a third of what such a request costs beside its work, where other processes
have had the processor's caches meanwhile. What fails is left to it: the route below raises it there.
"""

import asyncio
import re
from collections.abc import Mapping, MutableMapping
from http import HTTPMethod, HTTPStatus
from typing import Any

from litestar import post
from litestar.exceptions import InternalServerException, NotFoundException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import ASGIApp, Receive, Scope, Send

from adapters.remote.protocol import HEADER_LENGTH, read_request
from application.ports.workers import current_client
from domain.errors import Busy
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.model_server.access import ServiceGuard
from entrypoints.model_server.served import Serving

MAX_TIMEOUT_S = 600.0
"""For which a client may say that it waits."""
_PATH = re.compile(r"/v2/models/([^/]+)/infer/?")
_FAILURE = "face.failure"


@post("/v2/models/{model:str}/infer", status_code=HTTPStatus.OK)
async def infer(request: AnyRequest) -> None:
    """Run a model: what has failed is raised here, where errors become answers."""
    state: Mapping[str, Any] = request.scope
    raise state.get(_FAILURE) or NotFoundException


def inferring(app: ASGIApp, serving: Serving, guard: ServiceGuard, max_body_bytes: int) -> ASGIApp:
    """Runs models, and leaves all else to the framework's application, which has the route `infer`."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        found = _PATH.fullmatch(scope["path"])
        if found is None or scope.get("method") != HTTPMethod.POST:
            await app(scope, receive, send)
            return
        try:
            headers = _headers(scope)
            guard.check(scope["path"], headers)
            body = await _body(headers, receive, max_body_bytes)
            answer, json_bytes = await run(found[1], body, headers.get(HEADER_LENGTH))
        except Exception as error:  # noqa: BLE001
            state: MutableMapping[str, Any] = scope  # type: ignore[assignment]
            state[_FAILURE] = error
            try:
                await app(scope, receive, send)
            finally:
                del state[_FAILURE]  # a cycle, which would keep the request's body
            return
        scope["path_template"] = "/v2/models/{model}/infer"
        kind = b"application/json"
        said = [(b"content-length", str(len(answer)).encode())]
        if json_bytes is not None:
            kind = b"application/octet-stream"
            said.append((HEADER_LENGTH.encode(), str(json_bytes).encode()))
        said.append((b"content-type", kind))
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": said})
        await send({"type": "http.response.body", "body": answer, "more_body": False})

    async def run(model: str, body: bytes, header_length: str | None) -> tuple[bytes, int | None]:
        asked, inputs = read_request(body, header_length)
        given = asked.parameters.get("timeout")
        timeout = given / 1e6 if isinstance(given, int | float) and given > 0 else MAX_TIMEOUT_S
        try:
            async with asyncio.timeout(min(timeout, MAX_TIMEOUT_S)):
                return await serving.workers.run(serving.models.infer, model, asked, inputs)
        except TimeoutError as error:
            if (client := current_client.get()) is not None:
                client.drop()
            raise Busy("The time that the request allows is over.") from error

    return answered


def _headers(scope: Scope) -> dict[str, str]:
    """By name in lower case; of several of a name the first, as in the framework's mapping."""
    return {
        name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(list(scope["headers"]))
    }


async def _body(headers: Mapping[str, str], receive: Receive, most: int) -> bytes:
    """That of a request.

    Raises:
        RequestEntityTooLarge: it has more than so many bytes, or says so.
        InternalServerException: the client has left.
    """
    stated = headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > most:
        raise RequestEntityTooLarge
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise InternalServerException("The client has left.")
        parts.append(message["body"])
        size += len(message["body"])
        if size > most:
            raise RequestEntityTooLarge
        more = message["more_body"]
    return b"".join(parts)
