"""HTTP connections with bounds: how long a client may take, and how large the head of a request may be.

uvicorn bounds neither. Its protocol class is extended here: it calls the methods named `on_...` as it parses.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from typing_extensions import override
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from entrypoints.http.connection_budget import ConnectionBudget, State
from entrypoints.http.envelope import refusal
from entrypoints.http.joined_writes import JoinedWrites
from entrypoints.http.unread_bodies import UnreadBodies

MAX_HEAD_BYTES = 64 * 1024
"""The request line and the headers, or what else the parser waits for the end of: trailers, the head of a chunk."""

MIN_BYTES_S = 4096
"""Of a body a second, on average over `ConnectionLimits.body_s`: the slowest of mobile networks reach that."""

UPLOAD_STOP_S = 10.0
"""From the beginning of the service's end to that of uploads: held ones would delay it until the server gives up."""

_LOOK_S = 1.0
"""Between two looks at a connection's clock."""


REFUSALS = {
    HTTPStatus.BAD_REQUEST: ("validation_error", "This is not an HTTP request."),
    HTTPStatus.REQUEST_TIMEOUT: ("request_timeout", "The request took too long to arrive."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("busy", "The service has too many connections; try again in a moment."),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
        "headers_too_large",
        f"The address and the headers of a request may have {MAX_HEAD_BYTES:,} bytes.",
    ),
}
"""Codes and details of the errors that are answered here, before the application."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How long a client may take, in seconds."""

    header_s: float
    """From the connection, or the first byte of a later request, to the end of the headers."""
    body_s: float
    """To send MIN_BYTES_S times as many bytes of a body, or to read some of an answer."""
    idle_s: float
    """Between an answer and the next request."""
    upload_stop_s: float = UPLOAD_STOP_S
    """To send the rest of a body, or to read the rest of an answer, once the service stops."""


class _HeadTooLarge(Exception):
    """Stops the parser."""


class BoundedProtocol(HttpToolsProtocol):
    """Closes connections of clients that take too long, and refuses heads that are too large."""

    def __init__(
        self,
        *args: Any,
        limits: ConnectionLimits,
        budget: ConnectionBudget,
        unread: UnreadBodies,
        refusal: Callable[[str, str], bytes] = refusal,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._refusal = refusal
        self._limits = limits
        self._budget = budget
        self._unread = unread
        self._state = State.HEAD
        self._since = 0.0
        """When the state began, or, of a body, the period over which its bytes are counted."""
        self._received = 0
        """Bytes of the head, or of that period."""
        self._head = 0
        """Bytes of the parsed parts of the head."""
        self._unparsed = 0
        """Bytes since the parser last got anywhere."""
        self._clock: asyncio.TimerHandle | None = None
        self._pause: asyncio.TimerHandle | None = None
        """In the reading of a body that nobody wants."""
        self._answered: RequestResponseCycle | None = None
        """The request that is being answered; `cycle` is the one that came last."""
        self._task: asyncio.Task[Any] | None = None
        """Answers it."""
        self._stop_at = math.inf
        """When an upload is ended because the service stops."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._enter(State.HEAD)
        self._clock = self.loop.call_later(_LOOK_S, self._check)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._clock, self._pause):
            if timer is not None:
                timer.cancel()
        self._budget.leave(self)
        self._task = None
        if self._answered is not None and not self._answered.response_complete:
            # uvicorn tells only the request that came last.
            self._answered.disconnected = True
            self._answered.message_event.set()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self._state is State.IDLE:
            self._enter(State.HEAD)
        self._received += len(data)
        self._unparsed += len(data)
        super().data_received(data)
        if max(self._unparsed, self._received if self._state is State.HEAD else 0) > MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._state is State.BODY and self.cycle is not None and self.cycle.response_complete:
            self._drop(len(data))

    @override
    def on_message_begin(self) -> None:
        self._head = self._unparsed = 0
        super().on_message_begin()

    @override
    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        if self._state is not State.BODY:  # a trailer is none of the headers
            super().on_header(name, value)

    def on_chunk_header(self) -> None:
        """A chunk of a body begins."""
        self._unparsed = 0

    @override
    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        super().on_body(body)

    @override
    def on_headers_complete(self) -> None:
        super().on_headers_complete()  # raises where the address is none
        self._enter(State.BODY)
        if self.cycle is not None and self.cycle.transport is self.transport:
            self.cycle.transport = JoinedWrites(self.transport, self.loop)  # type: ignore[assignment]

    @override
    def on_message_complete(self) -> None:
        self._unparsed = 0
        super().on_message_complete()
        answered = self.cycle is None or self.cycle.response_complete
        self._enter(State.IDLE if answered else State.ANSWER)

    @override
    def on_response_complete(self) -> None:
        if self._state is State.ANSWER:
            self._enter(State.ANSWER if self.pipeline else State.IDLE)
        super().on_response_complete()

    @override
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answered = cycle

        async def noted(scope: Any, receive: Any, send: Any) -> None:
            self._task = asyncio.current_task()
            await app(scope, receive, send)

        super()._start_asgi_task(cycle, noted)

    @override
    def shutdown(self) -> None:
        super().shutdown()
        self._stop_at = self.loop.time() + self._limits.upload_stop_s

    @override
    def send_400_response(self, msg: str) -> None:
        """What can't be parsed; the parser has failed, too, where the head was too large."""
        if self._head > MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        else:
            self._refuse(HTTPStatus.BAD_REQUEST)

    def make_room(self) -> None:
        """Close the connection, because there are too many."""
        if self._state is State.IDLE:
            self._close()
        else:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def _drop(self, size: int) -> None:
        """Pause after so many bytes of a body that nobody wants."""
        address = self.client[0] if self.client else ""
        self.flow.pause_reading()
        self._pause = self.loop.call_later(
            self._unread.pause_s(address, size, self.loop.time()), self._read_on
        )

    def _read_on(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def _enter(self, state: State) -> None:
        self._state, self._since, self._received = state, self.loop.time(), 0
        if not self.transport.is_closing():
            self._budget.enter(self, state)

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > MAX_HEAD_BYTES:
            raise _HeadTooLarge

    def _check(self) -> None:
        self._clock = self.loop.call_later(_LOOK_S, self._check)
        took = self.loop.time() - self._since
        stopped = self.loop.time() > self._stop_at
        if self.transport.is_closing():
            if took > self._limits.body_s or stopped:
                self.transport.abort()  # the client doesn't read what is left of the answer
        elif self._state is State.HEAD and took > self._limits.header_s:
            self._time_out()
        elif self._state is State.BODY and stopped:
            self._end_upload()
        elif self._state is State.BODY:
            self._look_at_body(took)
        elif self._state is State.IDLE and took > self._limits.idle_s:
            self._close()
        elif self._state is State.ANSWER:
            self._look_at_answer(took)

    def _look_at_body(self, took: float) -> None:
        if self.flow.read_paused:
            self._enter(State.BODY)  # it is the service that doesn't read
        elif took > self._limits.body_s:
            if self._received < took * MIN_BYTES_S:
                self._time_out()
            else:
                self._enter(State.BODY)

    def _end_upload(self) -> None:
        """Let the application refuse it, as what the server cancels when it gives up."""
        if self._task is not None and self._answered is self.cycle and not self.cycle.response_started:
            self._stop_at = math.inf  # once
            self._task.cancel()

    def _look_at_answer(self, took: float) -> None:
        if not self.flow.write_paused:
            self._enter(State.ANSWER)
        elif took > self._limits.body_s:
            self.transport.abort()

    def _time_out(self) -> None:
        if self._state is State.HEAD and not self._received:
            self._close()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer without the application, and close the connection."""
        if self.transport.is_closing():
            return
        code, detail = REFUSALS[status]
        body = self._refusal(detail, code)
        retry = b"retry-after: 1\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else b""
        head = b"content-type: application/json\r\ncontent-length: %d\r\n%bconnection: close\r\n\r\n"
        if self._awaits_answer():
            self.transport.write(STATUS_LINE[status] + head % (len(body), retry) + body)
        self._close()

    def _awaits_answer(self) -> bool:
        """Whether an answer now would be that to the request which is arriving."""
        if self._state is State.HEAD:
            return self.cycle is None or self.cycle.response_complete
        return self.cycle is not None and not self.cycle.response_started

    def _close(self) -> None:
        self._since = self.loop.time()
        self._budget.leave(self)
        self.transport.close()
