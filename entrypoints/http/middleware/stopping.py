"""Answers requests that a stop of the service cuts off."""

import asyncio
from http import HTTPStatus

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.http.envelope import ErrorAnswer
from entrypoints.http.middleware.records import record_of


def refuse_at_stop(app: ASGIApp) -> ASGIApp:
    """Answers 503 `unavailable` where the server cancels a request before its answer has begun."""

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
                await _refuse(scope, send)

    return answered


async def _refuse(scope: Scope, send: Send) -> None:
    refusal = ErrorAnswer(detail="The service is stopping; try again in a moment.", code="unavailable")
    record_of(scope).code = refusal.code
    body = msgspec.json.encode(refusal)
    headers = {"content-type": "application/json", "content-length": str(len(body)), "retry-after": "1"}
    await send(
        {
            "type": "http.response.start",
            "status": HTTPStatus.SERVICE_UNAVAILABLE,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
