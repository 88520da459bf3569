"""Threads, and a bound on the calls that wait for them."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

from domain.errors import Busy

R = TypeVar("R")


class BoundedThreads:
    """A number of threads with a bounded queue."""

    def __init__(
        self,
        name: str,
        threads: int,
        queue: int,
        prepare: Callable[[], None],
        on_place: Callable[[], None],
    ) -> None:
        """Make them; they start when they are needed.

        Args:
            name: of each thread.
            threads: maximum number.
            queue: maximum number of calls that wait for a thread.
            prepare: called in each thread when it starts.
            on_place: called, in any thread, when a place is given back.
        """
        self._executor = ThreadPoolExecutor(threads, name, initializer=prepare)
        self._threads = threads
        self._places = threads + queue
        self._on_place = on_place
        self._taken = 0
        self._lock = Lock()

    @property
    def has_place(self) -> bool:
        """Whether a call would be taken now."""
        return self._taken < self._places

    @property
    def has_waiting(self) -> bool:
        """Whether a call waits for a thread."""
        return self._taken > self._threads

    def submit(self, call: Callable[[], R]) -> Future[R]:
        """Have a call made in one of the threads.

        Raises:
            Busy: the queue is full.
        """
        with self._lock:
            if not self.has_place:
                raise Busy("The service is busy; try again in a moment.")
            self._taken += 1
        try:
            future = self._executor.submit(call)
        except BaseException:
            self._release()
            raise
        future.add_done_callback(self._release)
        return future

    def close(self) -> None:
        """Finish the calls that are running, and drop those that wait."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _release(self, _: object = None) -> None:
        with self._lock:
            self._taken -= 1
        self._on_place()
