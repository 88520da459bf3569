"""Where computation runs, so that it never blocks the event loop."""

from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class WorkerPool(Protocol):
    """A bounded number of workers with a bounded queue."""

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of `work`, computed in a worker.

        Work that has begun is finished even if its caller is cancelled.

        Raises:
            Busy: the queue is full; nothing was started.
        """
        ...
