"""Where computation runs, so that it never blocks the event loop."""

import asyncio
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class PhotoLimit(Protocol):
    """Places for the photos of one request; see PhotoPlaces in application/limits.py."""

    def hold(self) -> None:
        """Have at least one place, or raise TooManyPhotos."""

    def place(self) -> AbstractAsyncContextManager[None]:
        """A place for one photo; raises TooManyPhotos, too."""


class Client:
    """Whoever waits for the answer to a request. When nobody does any longer, its work is dropped."""

    def __init__(self, connection: Hashable = None) -> None:
        """`connection` tells the client's connections from each other."""
        self.name: str | None = None
        """Whose requests are counted together, see LimitClients; None: not known."""
        self.connection = connection
        self.left = False
        """Whether they have closed the connection."""
        self.dropped = False
        """Whether nobody wants the work any longer, because they have left or it took too long."""
        self.photos: PhotoLimit | None = None
        """None: unlimited."""
        self._work: set[Future[Any]] = set()
        self._at_end: list[Callable[[], object]] = []
        self._unfinished = 0

    def awaits(self, work: Future[Any]) -> None:
        """Drop this piece of work if nobody wants it any longer before it begins."""
        self._work.add(work)
        work.add_done_callback(self._work.discard)

    def leave(self) -> None:
        """The client has closed the connection."""
        self.left = True
        self.drop()

    def drop(self) -> None:
        """Drop the work that waits; what has begun ends where it calls `ensure_wanted`."""
        self.dropped = True
        for work in tuple(self._work):
            work.cancel()

    def when_done(self, action: Callable[[], object]) -> None:
        """Call something in the event loop once the request has ended, and its work, too."""
        self._at_end.append(action)

    def end(self) -> None:
        """The request has ended; a worker may still be at work for it."""
        if not self._at_end:
            return
        unfinished = [work for work in tuple(self._work) if not work.done()]
        self._unfinished = len(unfinished) + 1
        wake = asyncio.get_running_loop().call_soon_threadsafe
        for work in unfinished:
            work.add_done_callback(lambda _: wake(self._finish))
        self._finish()

    def _finish(self) -> None:
        self._unfinished -= 1
        if self._unfinished == 0:
            for action in self._at_end:
                action()


current_client: ContextVar[Client | None] = ContextVar("current_client", default=None)
"""For whom the current task or worker works; None if nobody can leave."""


def ensure_wanted() -> None:
    """Stop work in a worker whose client doesn't wait for it any longer.

    Raises:
        CancelledError: nobody does.
    """
    client = current_client.get()
    if client is not None and client.dropped:
        raise CancelledError


request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Of the request that is answered: for the logs of other services that take part."""

trace_headers: ContextVar[Mapping[str, str]] = ContextVar("trace_headers", default=MappingProxyType({}))
"""W3C Trace Context of the request, likewise: `traceparent` and `tracestate`, or neither."""

queued_at: ContextVar[float | None] = ContextVar("queued_at", default=None)
"""When the work that runs was given to the pool, in seconds of time.monotonic(): its deadlines start there."""


class WorkerPool(Protocol):
    """A bounded number of workers with a bounded queue, in which clients get equal time."""

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of `work`, computed in a worker with the caller's context variables, and `queued_at`.

        Work that has begun goes on even if its caller is cancelled, up to where it calls `ensure_wanted`.

        Raises:
            Busy: the queue is full, at once or because of clients who have less work in it; nothing was started.
            CancelledError: nobody waits for the work any longer.
        """

    def charge(self, seconds: float) -> None:
        """Count work for the current client that no worker does, as if one had done it for so long.

        Nothing is counted where no work of others waits for a worker.
        """

    async def turn(self) -> None:
        """Return when the current client may have more work done that no worker does.

        That is at once, unless it has had more than its share while work of others waits for a worker; in that case
        after some seconds at most.

        Raises:
            Busy: too many wait already.
        """

    async def vacancy(self) -> None:
        """Return when the queue has a place, which somebody else may take first."""
