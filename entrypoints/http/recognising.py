"""The address that most photos go to, beside the framework rather than in it.

Its routing, dependencies and answers took an eighth of what an answer costs beside the photo's analysis, which has
emptied the processor's caches. Requests with parameters are left to the framework, whose route has the same address.
"""

from collections.abc import Callable, MutableMapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Receive, Scope, Send

from application.recognition import RecognizeFace
from entrypoints.http.access import ADMITTED, AccessGuard
from entrypoints.http.errors import HANDLERS
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.http.requests.parameters import RecognizeParameters
from entrypoints.http.requests.photos import read_source
from entrypoints.http.routes.recognition import recognized

PATH = "/api/face/recognize"

_DEFAULTS = RecognizeParameters()


def recognising(api: Litestar, guard: AccessGuard, recognize_face: Callable[[], RecognizeFace]) -> ASGIApp:
    """Recognises the faces of requests that have nothing but a photo or an embedding; all else goes to `api`."""
    (route,) = (each for each in api.routes if isinstance(each, HTTPRoute) and each.path == PATH)
    handler, _ = route.route_handler_map["POST"]

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != PATH or scope.get("method") != "POST" or scope["query_string"]:
            await api(scope, receive, send)
            return
        state: MutableMapping[str, Any] = scope  # type: ignore[assignment]
        # What it would have behind the framework's routing.
        state.update(app=api, litestar_app=api, route_handler=handler, path_template=PATH, path_params={})
        request: AnyRequest = Request(scope, receive, send)
        try:
            await guard(request, handler)
            # A form's parameters are in the query now.
            answer = None if request.scope["query_string"] else await recognise(request)
        except Exception as error:  # noqa: BLE001
            await refuse(request, error)
            return
        if answer is None:
            state[ADMITTED] = True
            await api(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers})
        await send({"type": "http.response.body", "body": answer, "more_body": False})

    async def recognise(request: AnyRequest) -> bytes:
        return msgspec.json.encode(await recognized(await read_source(request), _DEFAULTS, recognize_face()))

    async def refuse(request: AnyRequest, error: Exception) -> None:
        respond = next(HANDLERS[kind] for kind in type(error).__mro__ if kind in HANDLERS)
        response = respond(request, error)  # type: ignore[operator]
        await response.to_asgi_response(app=None, request=request)(
            request.scope, request.receive, request.send
        )

    return answered
