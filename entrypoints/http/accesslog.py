"""One line a request, without the query string: it has people's names in it."""

import asyncio
import logging
import re
import secrets
import time
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import msgspec
from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import (
    HTTPScope,
    LifeSpanReceive,
    LifeSpanScope,
    LifeSpanSend,
    Message,
    Receive,
    Scope,
    Send,
)

from entrypoints.http.envelope import Failure
from entrypoints.http.upload_budget import UploadBudget

logger = logging.getLogger("face.access")

CLIENT_CLOSED_REQUEST = 499
"""nginx's status for a client that went before its answer; nobody receives it."""

REQUEST_ID = "X-Request-ID"

_CODE = "error_code"
"""The key of the error code in the state of a request's scope."""

_GIVEN_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)

_PATH_CHARACTERS = "/:@!$&'()*+,;=~"
"""Those of a path that need no escape (RFC 3986, section 3.3)."""

_MAX_PATH = 200


def shown_path(path: str) -> str:
    """A path for the log: in one line, whatever a client has put into it, and not too long."""
    return quote(path[:_MAX_PATH], safe=_PATH_CHARACTERS, errors="replace")


def note_error_code(scope: Scope, code: str) -> None:
    """Have the request's line tell the code of the error that answers it."""
    scope["state"][_CODE] = code


class LoggedApplication(Litestar):
    """Litestar, with a line in the log for every request, those to addresses where nothing is among them.

    It also bounds what all requests together upload, and answers requests that a stop of the service cuts off.
    """

    def __init__(self, *args: Any, uploads: UploadBudget, **kwargs: Any) -> None:
        """As Litestar; `uploads` is what all requests may upload together."""
        super().__init__(*args, **kwargs)
        self._uploads = uploads

    async def __call__(
        self,
        scope: Scope | LifeSpanScope,
        receive: Receive | LifeSpanReceive,
        send: Send | LifeSpanSend,
    ) -> None:
        """Pass the request on and log its end."""
        if scope["type"] != ScopeType.HTTP:
            await super().__call__(scope, receive, send)
            return
        exchange = _Exchange(cast("HTTPScope", scope), cast("Receive", receive), cast("Send", send))
        try:
            with self._uploads.counted(exchange.receive) as counted:
                await super().__call__(scope, counted, exchange.send)
        except asyncio.CancelledError:
            await exchange.refuse_at_stop()
        finally:
            exchange.log()


class _Exchange:
    """A request and its answer, as the log tells of them."""

    def __init__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._began = time.perf_counter()
        self._status = 0
        self._left = False
        given = dict(scope["headers"]).get(REQUEST_ID.lower().encode(), b"").decode("latin-1")
        self._id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)

    async def receive(self) -> Any:
        event = await self._receive()
        self._left = self._left or event["type"] == "http.disconnect"
        return event

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            MutableScopeHeaders.from_message(message)[REQUEST_ID] = self._id
        await self._send(message)

    async def refuse_at_stop(self) -> None:
        """Answer 503 instead of what was cut off, if no answer has begun."""
        if self._status:
            return
        refusal = Failure(detail="The service is stopping; try again in a moment.", code="unavailable")
        note_error_code(self._scope, refusal.code)
        body = msgspec.json.encode(refusal)
        headers = {"content-type": "application/json", "content-length": str(len(body)), "retry-after": "1"}
        await self.send(
            {
                "type": "http.response.start",
                "status": HTTPStatus.SERVICE_UNAVAILABLE,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            }
        )
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    def log(self) -> None:
        client = self._scope.get("client")
        logger.info(
            "%s %s %d %.1f ms client=%s request=%s code=%s",
            quote(self._scope["method"]),
            shown_path(self._scope["path"]),
            CLIENT_CLOSED_REQUEST if self._left else self._status,
            (time.perf_counter() - self._began) * 1e3,
            client[0] if client else "-",
            self._id,
            self._scope["state"].get(_CODE, "-"),
        )
