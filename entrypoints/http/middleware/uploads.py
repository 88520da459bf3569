"""How many bytes of request bodies a process holds at once."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send, WebSocketReceiveMessage

from domain.errors import Busy

_SETTLE_S = 1.0


def bound_uploads(app: ASGIApp, budget: "UploadBudget") -> ASGIApp:
    """Counts what requests upload, and refuses with `busy` what is beyond the budget."""

    async def bounded(scope: Scope, receive: Receive, send: Send) -> None:
        with budget.counted(receive) as counted:
            await app(scope, counted, send)

    return bounded


class UploadBudget:
    """Bounds the bytes of all requests that are being received or answered.

    Beyond it, the upload that began first among the unfinished ones is refused: clients that hold back the end of
    their uploads don't keep others out.
    """

    def __init__(self, limit: int, return_freed_memory: Callable[[], object]) -> None:
        """`limit` is in bytes; `return_freed_memory` is called, in a thread, when a peak of uploads is over."""
        self._limit = limit
        self._give_back_memory = return_freed_memory
        self._held = 0
        self._peak = 0
        self._unfinished: dict[_Upload, None] = {}  # in the order in which they began

    @contextmanager
    def counted(self, receive: Receive) -> Iterator[Receive]:
        """A request's `receive` that counts its body until the request is answered, and raises Busy."""
        upload = _Upload(receive, self)
        try:
            yield upload.receive
        finally:
            self.forget(upload)

    def take(self, upload: "_Upload", size: int, *, last: bool) -> None:
        """Count what an upload has received, and make room for it."""
        upload.held += size
        self._held += size
        self._peak = max(self._peak, self._held)
        self._unfinished[upload] = None
        while self._held > self._limit:
            oldest = next(iter(self._unfinished), upload)
            self.forget(oldest)
            oldest.refuse()
            if oldest is upload:
                return
        if last:
            del self._unfinished[upload]

    def forget(self, upload: "_Upload") -> None:
        """Count it no more."""
        self._unfinished.pop(upload, None)
        self._held -= upload.held
        upload.held = 0
        if self._peak > self._limit // 2 and self._held < self._limit // 8:
            self._peak = self._held
            # Later: the request that held it hasn't ended yet.
            asyncio.get_running_loop().call_later(_SETTLE_S, self._release)

    def _release(self) -> None:
        asyncio.get_running_loop().run_in_executor(None, self._give_back_memory)


class _Upload:
    def __init__(self, receive: Receive, budget: UploadBudget) -> None:
        self.held = 0
        self._receive = receive
        self._budget = budget
        self._refused = False
        self._waiting: asyncio.Task[Any] | None = None

    def refuse(self) -> None:
        self._refused = True
        if self._waiting is not None:
            self._waiting.cancel()

    async def receive(self) -> HTTPReceiveMessage | WebSocketReceiveMessage:
        self._waiting = asyncio.current_task()
        try:
            message = await self._receive()
        except asyncio.CancelledError:
            if not self._refused or self._waiting is None:
                raise
            self._waiting.uncancel()
        finally:
            self._waiting = None
        if not self._refused and message["type"] == "http.request":
            self._budget.take(self, len(message["body"]), last=not message["more_body"])
        if self._refused:
            raise Busy("The service receives too many uploads at once; try again in a moment.")
        return message
