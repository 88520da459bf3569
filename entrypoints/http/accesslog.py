"""One line a request, without the query string: it has people's names in it."""

import logging
import time

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger("face.access")


class AccessLog(ASGIMiddleware):
    """Logs method, path, status and time."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on and log its end."""
        start = time.perf_counter()
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await next_app(scope, receive, watch)
        finally:
            took = (time.perf_counter() - start) * 1e3
            logger.info("%s %s %d %.1f ms", scope.get("method"), scope["path"], status, took)
