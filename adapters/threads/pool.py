"""The worker pool: threads, since decoding and inference release the interpreter's lock."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import ParamSpec, TypeVar

from domain.errors import Busy

P = ParamSpec("P")
R = TypeVar("R")


class ThreadWorkerPool:
    """Implements WorkerPool with `workers` threads and at most `queue` pieces of work that wait."""

    def __init__(self, workers: int, queue: int, prepare: Callable[[], None] = lambda: None) -> None:
        """A pool whose threads start when they are needed, and call `prepare` first."""
        self._threads = ThreadPoolExecutor(workers, "face-worker", initializer=prepare)
        self._places = BoundedSemaphore(workers + queue)

    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """See WorkerPool.run."""
        if not self._places.acquire(blocking=False):
            raise Busy("The service is busy; try again in a moment.")
        try:
            future = self._threads.submit(work, *args, **kwargs)
        except BaseException:
            self._places.release()
            raise
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Finish what has begun, drop what waits."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _leave(self, _: Future[R]) -> None:
        self._places.release()
