"""Answers requests that a stop of the service cuts off."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from litestar.types import ASGIApp, HTTPResponseStartEvent, Receive, Scope, Send

from entrypoints.http.envelope import refusal
from entrypoints.http.middleware.answer_start import at_start
from entrypoints.http.middleware.records import record_of

_DETAIL, _CODE = "The service is stopping; try again in a moment.", "unavailable"


def refuse_at_stop(app: ASGIApp, refusal: Callable[[str, str], bytes] = refusal) -> ASGIApp:
    """Answers 503 `unavailable` where the server cancels a request before its answer has begun.

    Args:
        app: what is called.
        refusal: encodes an error's words and its code.
    """

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        def note(_: HTTPResponseStartEvent) -> None:
            nonlocal begun
            begun = True

        sent = at_start(send, note)
        try:
            await app(scope, receive, sent)
        except asyncio.CancelledError:
            if not begun:
                record_of(scope).code = _CODE
                await _refuse(refusal(_DETAIL, _CODE), sent)

    return answered


async def _refuse(body: bytes, send: Send) -> None:
    headers = {"content-type": "application/json", "content-length": str(len(body)), "retry-after": "1"}
    await send(
        {
            "type": "http.response.start",
            "status": HTTPStatus.SERVICE_UNAVAILABLE,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
