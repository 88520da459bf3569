"""One line a request, without the query string: it has people's names in it."""

import logging
import time
from functools import lru_cache
from urllib.parse import quote

from litestar.types import ASGIApp, HTTPResponseStartEvent, Receive, Scope, Send

from application.ports.workers import request_id
from entrypoints.bootstrap.log import FIELDS
from entrypoints.http.middleware.answer_start import at_start
from entrypoints.http.middleware.headers import add_header
from entrypoints.http.middleware.quotas import show_quota
from entrypoints.http.middleware.records import record_of

logger = logging.getLogger("face.access")

CLIENT_CLOSED_REQUEST = 499
"""nginx's status for a client that left before its answer; nobody receives it."""

_PATH_CHARACTERS = "/:@!$&'()*+,;=~"
"""Those of a path that need no escape (RFC 3986, section 3.3)."""

_MAX_PATH = 200
"""Characters of a path that are shown."""


@lru_cache(1024)
def shown_path(path: str) -> str:
    """A path for the log: in one line, whatever a client has put into it, and not too long."""
    return quote(path[:_MAX_PATH], safe=_PATH_CHARACTERS, errors="replace")


@lru_cache(1024)
def _shown(text: str) -> str:
    return quote(text, safe=".:")


def access_log(app: ASGIApp) -> ASGIApp:
    """Logs method, path, status, time, client, request id and error code; answers with the request id and quota."""

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        start = time.perf_counter()
        record = record_of(scope)
        request_id.set(record.id)
        status = 0

        def note(message: HTTPResponseStartEvent) -> None:
            nonlocal status
            status = message["status"]
            add_header(message, b"x-request-id", record.id)
            if record.quota is not None:
                show_quota(message, record.quota)

        try:
            await app(scope, receive, at_start(send, note))
        finally:
            client = scope.get("client")
            fields = {
                "method": _shown(str(scope.get("method"))),
                "path": shown_path(scope["path"]),
                "status": CLIENT_CLOSED_REQUEST if record.left else status,
                "ms": round((time.perf_counter() - start) * 1e3, 1),
                "client": _shown(client[0]) if client else "-",
                "request": record.id,
                "code": record.code,
            }
            logger.info(
                "%s %s %d %.1f ms client=%s request=%s code=%s", *fields.values(), extra={FIELDS: fields}
            )

    return logged
