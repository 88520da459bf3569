"""The pool of threads, measured: how long work waits, how much of it, and how much is done."""

from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from typing_extensions import override

from adapters.threads.pool import ThreadWorkerPool
from application.stages import carried

P = ParamSpec("P")
R = TypeVar("R")


class MeasuredWorkerPool(ThreadWorkerPool):
    """Counts its calls, and measures them for the request that they are made for."""

    def __init__(self, workers: int, queue: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(workers, queue, *args, **kwargs)
        self.workers = workers
        """Maximum number of calls at once."""
        self._lock = Lock()
        self._calls = 0
        self._busy = 0

    @property
    def busy(self) -> int:
        """Number of calls that are being carried out."""
        return self._busy

    @property
    def queued(self) -> int:
        """Number of calls that wait."""
        return max(0, self._calls - self._busy)

    @override
    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        call = carried(partial(work, *args, **kwargs))

        def counted() -> R:
            with self._lock:
                self._busy += 1
            try:
                return call()
            finally:
                with self._lock:
                    self._busy -= 1

        self._calls += 1
        try:
            return await super().run(counted)
        finally:
            self._calls -= 1
