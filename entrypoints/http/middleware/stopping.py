"""Answers requests that a stop of the service cuts off."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.http.envelope import refusal
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

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await app(scope, receive, noted)
        except asyncio.CancelledError:
            if not begun:
                record_of(scope).code = _CODE
                await _refuse(refusal(_DETAIL, _CODE), send)

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
