"""One line a request, without the query string: it has people's names in it."""

import logging
import time
from typing import cast
from urllib.parse import quote

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import LifeSpanReceive, LifeSpanScope, LifeSpanSend, Message, Receive, Scope, Send

logger = logging.getLogger("face.access")

CLIENT_CLOSED_REQUEST = 499
"""nginx's status for a client that went before its answer; nobody receives it."""

_PATH_CHARACTERS = "/:@!$&'()*+,;=~"
"""Those of a path that need no escape (RFC 3986, section 3.3)."""

_LONGEST = 200


def shown_path(path: str) -> str:
    """A path for the log: in one line, whatever a client has put into it, and not too long."""
    return quote(path[:_LONGEST], safe=_PATH_CHARACTERS, errors="replace")


def _method(scope: Scope) -> str:
    return quote(str(scope.get("method")))


class LoggedApplication(Litestar):
    """Logs method, path, status and time of every request, those to addresses where nothing is among them."""

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
        request = cast("Scope", scope)
        start = time.perf_counter()
        status = 0
        left = False

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)  # type: ignore[arg-type]

        async def listen() -> object:
            nonlocal left
            event = await receive()
            left = left or event["type"] == "http.disconnect"
            return event

        try:
            await super().__call__(scope, listen, watch)  # type: ignore[arg-type]
        finally:
            took = (time.perf_counter() - start) * 1e3
            told = CLIENT_CLOSED_REQUEST if left else status
            logger.info("%s %s %d %.1f ms", _method(request), shown_path(request["path"]), told, took)
