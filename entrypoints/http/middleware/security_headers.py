"""What browsers may do with answers."""

from collections.abc import Mapping

from litestar.types import ASGIApp, HTTPResponseStartEvent, Receive, Scope, Send

from entrypoints.http.middleware.answer_start import at_start

SECURITY_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""By name: the value for answers that have none. The documentation page has a content security policy of its own.

Pages of origins that FACE_CORS_ORIGINS names read answers all the same: Cross-Origin-Resource-Policy concerns what is
loaded without CORS.
"""

_ENCODED = tuple((name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items())


def security_headers(app: ASGIApp) -> ASGIApp:
    """Adds the security headers to every answer, errors too."""

    async def secured(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, at_start(send, _add_missing))

    return secured


def _add_missing(message: HTTPResponseStartEvent) -> None:
    headers = message["headers"]
    given = {name for name, _ in headers}
    message["headers"] = [*headers, *[each for each in _ENCODED if each[0] not in given]]
