"""The worker pool: threads, since decoding and inference release the interpreter's lock."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import ParamSpec, TypeVar

from typing_extensions import override

from application.ports.workers import WorkerPool
from domain.errors import Busy

P = ParamSpec("P")
R = TypeVar("R")


class ThreadWorkerPool(WorkerPool):
    """A pool of threads."""

    def __init__(self, workers: int, queue: int, prepare: Callable[[], None] = lambda: None) -> None:
        """Make a pool; its threads start when they are needed.

        Args:
            workers: maximum number of threads.
            queue: maximum number of calls that wait for a thread.
            prepare: called in each thread when it starts.
        """
        self._threads = ThreadPoolExecutor(workers, "face-worker", initializer=prepare)
        self._places = BoundedSemaphore(workers + queue)

    @override
    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        if not self._places.acquire(blocking=False):
            raise Busy("The service is busy; try again in a moment.")
        try:
            future = self._threads.submit(work, *args, **kwargs)
        except BaseException:
            self._places.release()
            raise
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Finish the calls that are running, and drop those that wait."""
        self._threads.shutdown(wait=True, cancel_futures=True)
