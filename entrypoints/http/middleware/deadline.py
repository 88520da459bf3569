"""A deadline for each request, after which its work is dropped wherever it waits."""

import asyncio
import re
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send

from application.ports.workers import current_client
from domain.errors import DeadlineExceeded
from entrypoints.http.envelope import ErrorAnswer
from entrypoints.http.middleware.records import record_of

BATCH_FACTOR = 20
"""A batch has 1,000 photos at most, of which a core analyses over ten a second."""

CHECK_FACTOR = 3
"""A gallery check has a deadline of its own, of 60 s."""

FACTORS: Mapping[str, int] = {"/api/face/register/batch": BATCH_FACTOR, "/api/gallery/check": CHECK_FACTOR}
"""By address: how many times as long as others a request may take."""

_RETRY_AFTER_S = "1"
_WAIT = re.compile(rb"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})\"?\s*(?:$|[,;])", re.IGNORECASE)
"""How long a client waits: the header Prefer (RFC 7240, section 4.3)."""


def within_deadline(app: ASGIApp, deadline_s: float) -> ASGIApp:
    """Answers 503 `deadline_exceeded` where the answer hasn't begun in time.

    The clock stands while the client sends: connections have bounds of their own for that.
    """

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        request = _Request(scope, receive, send, _allowed_s(scope, deadline_s))
        try:
            await app(scope, request.receive, request.send)
        except asyncio.CancelledError:
            if request.refusal is None:
                raise
        finally:
            await request.end()

    return answered


def _allowed_s(scope: Scope, deadline_s: float) -> float:
    allowed = deadline_s * FACTORS.get(scope["path"].rstrip("/"), 1)
    for name, value in scope["headers"]:
        if name == b"prefer" and (found := _WAIT.search(value)):
            allowed = min(allowed, max(1, int(found[1])))
    return allowed


class _Request:
    def __init__(self, scope: Scope, receive: Receive, send: Send, allowed_s: float) -> None:
        self.refusal: asyncio.Task[None] | None = None
        self._scope = scope
        self._receive = receive
        self._send = send
        self._complete = False
        """Whether the body has arrived."""
        self._paused: float | None = None
        """Since when the client is waited for, by the loop's clock."""
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        self._deadline = self._loop.time() + allowed_s
        self._timer = self._loop.call_at(self._deadline, self._check)

    async def receive(self) -> HTTPReceiveMessage:
        """The next event; waiting for one of the body's doesn't count."""
        if self._complete:
            return await self._receive()  # type: ignore[return-value]
        self._paused = self._loop.time()
        try:
            message: HTTPReceiveMessage = await self._receive()  # type: ignore[assignment]
        finally:
            self._deadline += self._loop.time() - self._paused
            self._paused = None
        self._complete = message["type"] != "http.request" or not message.get("more_body")
        return message

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on, unless it has been refused; once it begins there is no deadline."""
        self._timer.cancel()
        if self.refusal is None:
            await self._send(message)

    async def end(self) -> None:
        """Stop the clock, and wait until a refusal is sent: the server takes the end for that of the answer."""
        self._timer.cancel()
        if self.refusal is not None:
            if self._task is not None:
                self._task.uncancel()
            await asyncio.shield(self.refusal)

    def _check(self) -> None:
        now = self._loop.time()
        left = self._deadline - (now if self._paused is None else self._paused)
        if left > 0:
            self._timer = self._loop.call_at(now + left, self._check)
            return
        # Sent by a task of its own: what is cancelled may take its time to clean up.
        self.refusal = self._loop.create_task(self._refuse())
        if client := current_client.get():
            client.drop()
        if self._task is not None:
            self._task.cancel()

    async def _refuse(self) -> None:
        refusal = ErrorAnswer(detail=DeadlineExceeded.message, code=DeadlineExceeded.code)
        record_of(self._scope).code = refusal.code
        body = msgspec.json.encode(refusal)
        headers = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "retry-after": _RETRY_AFTER_S,
        }
        await self._send(
            {
                "type": "http.response.start",
                "status": HTTPStatus.SERVICE_UNAVAILABLE,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            }
        )
        await self._send({"type": "http.response.body", "body": body, "more_body": False})
