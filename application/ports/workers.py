"""Where computation runs, so that it never blocks the event loop."""

from collections.abc import Callable
from concurrent.futures import Future
from contextvars import ContextVar
from typing import Any, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Client:
    """Whoever waits for work. When they have left, what hasn't begun is dropped."""

    def __init__(self) -> None:
        self.left = False
        self._work: set[Future[Any]] = set()

    def awaits(self, work: Future[Any]) -> None:
        """Drop this piece of work if the client leaves before it begins."""
        self._work.add(work)
        work.add_done_callback(self._work.discard)

    def leave(self) -> None:
        """Nobody waits any longer; what has begun is finished all the same."""
        self.left = True
        for work in tuple(self._work):
            work.cancel()


current_client: ContextVar[Client | None] = ContextVar("current_client", default=None)
"""For whom the current task works; None if nobody can leave."""


request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Of the request that is answered: for the logs of other services that take part."""

queued_at: ContextVar[float | None] = ContextVar("queued_at", default=None)
"""When the work that runs was given to the pool, in seconds of time.monotonic(): its deadlines start there."""


class WorkerPool(Protocol):
    """A bounded number of workers with a bounded queue."""

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of `work`, computed in a worker with the caller's context variables, and `queued_at`.

        Work that has begun is finished even if its caller is cancelled.

        Raises:
            Busy: the queue is full; nothing was started.
            CancelledError: the current client left before the work had begun.
        """
        ...

    async def vacancy(self) -> None:
        """Return when the queue has a place, which somebody else may take first."""
        ...
