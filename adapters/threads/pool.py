"""The worker pool: threads, since decoding and inference release the interpreter's lock."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from threading import BoundedSemaphore
from typing import ParamSpec, TypeVar

from typing_extensions import override

from application.ports.workers import WorkerPool, current_client, queued_at
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
        self._waiting: list[Callable[[], object]] = []
        """What wakes each of those who wait for a place."""

    @override
    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        client = current_client.get()
        if client is not None and client.dropped:
            raise asyncio.CancelledError
        if not self._places.acquire(blocking=False):
            raise Busy("The service is busy; try again in a moment.")
        try:
            context = copy_context()
            context.run(queued_at.set, time.monotonic())
            future = self._threads.submit(partial(context.run, work, *args, **kwargs))
        except BaseException:
            self._places.release()
            raise
        future.add_done_callback(self._release)
        if client is not None:
            client.awaits(future)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Finish the calls that are running, and drop those that wait."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    @override
    async def vacancy(self) -> None:
        woken = asyncio.Event()
        wake = partial(asyncio.get_running_loop().call_soon_threadsafe, woken.set)
        self._waiting.append(wake)
        try:
            # A place that was given back before this waited would wake nobody.
            if self._places.acquire(blocking=False):
                self._places.release()
            else:
                await woken.wait()
        finally:
            self._waiting.remove(wake)

    def _release(self, _: Future[R]) -> None:
        self._places.release()
        for wake in tuple(self._waiting):
            wake()
