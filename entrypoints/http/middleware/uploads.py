"""How many bytes of request bodies a process holds at once."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Protocol, TypeVar

from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send, WebSocketReceiveMessage

from domain.errors import Busy

T = TypeVar("T")

_SETTLE_S = 1.0
_BUSY = "The service receives too many uploads at once; try again in a moment."


class CountReceived(Protocol):
    """Counts bytes that the current client has sent; returns when more of its body may be read."""

    async def __call__(self, size: int, *, last: bool) -> None:
        """`last`: nothing more of the body will be read."""
        ...


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

    def __init__(
        self, limit: int, count_received: CountReceived, return_freed_memory: Callable[[], object]
    ) -> None:
        """Make one for a process.

        Args:
            limit: in bytes.
            count_received: called for each piece of a body.
            return_freed_memory: called, in a thread, when a peak of uploads is over.
        """
        self._limit = limit
        self.count_received = count_received
        self._give_back_memory = return_freed_memory
        self._held = 0
        self._peak = 0
        self._unfinished: dict[_Upload, None] = {}  # in the order in which they began

    def counted(self, receive: Receive) -> AbstractContextManager[Receive]:
        """A request's `receive` that counts its body until the request is answered, and raises Busy."""
        return _Upload(receive, self)

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


class _Upload(AbstractContextManager[Receive]):
    def __init__(self, receive: Receive, budget: UploadBudget) -> None:
        self.held = 0
        self._receive = receive
        self._budget = budget
        self._refused = False
        self._waiting: asyncio.Task[Any] | None = None

    def __enter__(self) -> Receive:
        return self.receive

    def __exit__(self, *_: object) -> None:
        self._budget.forget(self)

    def refuse(self) -> None:
        self._refused = True
        if self._waiting is not None:
            self._waiting.cancel()

    async def receive(self) -> HTTPReceiveMessage | WebSocketReceiveMessage:
        """The next event, once it is the client's turn; raises Busy."""
        message = await self._unless_refused(self._receive)
        if message["type"] == "http.request":
            size, last = len(message["body"]), not message["more_body"]
            self._budget.take(self, size, last=last)
            await self._unless_refused(partial(self._budget.count_received, size, last=last))
        return message

    async def _unless_refused(self, wait: Callable[[], Awaitable[T]]) -> T:
        self._raise_if_refused()
        self._waiting = asyncio.current_task()
        try:
            result = await wait()
        except asyncio.CancelledError:
            if not self._refused or self._waiting is None:
                raise
            self._waiting.uncancel()
        finally:
            self._waiting = None
        self._raise_if_refused()
        return result

    def _raise_if_refused(self) -> None:
        if self._refused:
            raise Busy(_BUSY)
