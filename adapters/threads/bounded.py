"""Threads, and a bound on the calls that wait for them."""

import math
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import Any, TypeVar, cast

from adapters.threads.fairness import ClientShares, FairQueue, Owner
from domain.errors import Busy

R = TypeVar("R")

_BUSY = "The service is busy; try again in a moment."


class _Call(Future[R]):
    """A call that waits, and what it will come to.

    Nothing that it refers to refers to it: a cycle would keep the photo and the result until garbage is collected.
    """

    def __init__(self, call: Callable[[], R]) -> None:
        super().__init__()
        self._call: Callable[[], R] | None = call

    def make(self) -> None:
        """Make the call, in the thread that this is called in; only once."""
        call, self._call = self._call, None
        assert call is not None  # noqa: S101 (it is made once)
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 (it is the caller's)
            self.set_exception(error)
            del self, call  # the error's traceback has this frame
        else:
            self.set_result(result)


class BoundedThreads:
    """A number of threads with a bounded queue, in which clients get equal time."""

    def __init__(
        self,
        name: str,
        threads: int,
        queue: int,
        prepare: Callable[[], None],
        on_place: Callable[[], None],
        shares: ClientShares,
        clock: Callable[[], float] = time.monotonic,
        most_ahead_s: float = math.inf,
    ) -> None:
        """Make them; they start when they are needed.

        Args:
            name: of each thread.
            threads: maximum number.
            queue: maximum number of calls that wait for a thread.
            prepare: called in each thread when it starts.
            on_place: called, in any thread, when a place is given back.
            shares: the time that clients have had.
            clock: by which the time of a call is measured, in the thread that makes it; in seconds.
            most_ahead_s: by how much its time may bring a client ahead of others.
        """
        self._idle = [
            ThreadPoolExecutor(1, f"{name}_{number}", initializer=prepare) for number in range(threads)
        ]
        """Threads that make no calls, the one that has made the latest at the end: caches still have its data."""
        self._executors = tuple(self._idle)
        self._threads = threads
        self._places = threads + queue
        self._on_place = on_place
        self._shares = shares
        self._clock = clock
        self._most_ahead_s = most_ahead_s
        self._waiting: FairQueue[_Call[Any]] = FairQueue(shares)
        self._taken = 0
        self._waited: dict[Hashable, float] = {}
        """The two clients of whom a call has waited last, and until when, on the clock time.monotonic()."""
        self._closed = False
        self._lock = Lock()

    @property
    def has_place(self) -> bool:
        """Whether a call of anybody would be taken now."""
        return self._taken < self._places

    @property
    def has_waiting(self) -> bool:
        """Whether a call waits for a thread."""
        return self._taken > self._threads

    def others_wait(self, client: Hashable, within_s: float) -> bool:
        """Whether a call of another client waits for a thread, or has waited in the latest seconds."""
        with self._lock:
            if self.has_waiting and self._waiting.has_others(client):
                return True
            others = (until for each, until in self._waited.items() if each != client)
            return time.monotonic() - max(others, default=-math.inf) < within_s

    def submit(self, call: Callable[[], R], owner: Owner) -> Future[R]:
        """Have a call made in one of the threads.

        Where the queue is full, one of the client who has most calls in it makes room for those who have fewer; its
        future raises Busy.

        Raises:
            Busy: the queue is full, or closed.
        """
        waiting = _Call(call)
        with self._lock:
            dropped = None
            if self._closed:
                raise Busy(_BUSY)
            if not self.has_place and (dropped := self._waiting.make_room(owner)) is None:
                raise Busy(_BUSY)
            self._waiting.append(owner, waiting)
            self._taken += 1
            executor = self._idle.pop() if self._idle else None
        if dropped is not None:
            _refuse(dropped)
        waiting.add_done_callback(self._release)
        if executor is not None:
            self._start_working(executor)
        return waiting

    def close(self) -> None:
        """Finish the calls that are running; the futures of those that wait raise Busy."""
        with self._lock:
            self._closed = True
            waiting = self._waiting.clear()
        for each in waiting:
            _refuse(each)
        for executor in self._executors:
            executor.shutdown(wait=True, cancel_futures=True)

    def _start_working(self, executor: ThreadPoolExecutor) -> None:
        with suppress(RuntimeError):  # it is being closed, which drops the call
            executor.submit(self._work, executor)

    def _work(self, executor: ThreadPoolExecutor) -> None:
        """Make calls as long as there are some."""
        waited = False
        while True:
            with self._lock:
                if not self._waiting:
                    self._idle.append(executor)
                    return
                owner, call = self._waiting.pop()
                if waited:
                    self._note_waited(owner.client)
            waited = True  # for this thread, whatever comes next
            if call.set_running_or_notify_cancel():
                begun = self._clock()
                call.make()
                self._shares.charge(owner, self._clock() - begun, self._most_ahead_s)
            del call  # an error's traceback leads to this frame: a cycle

    def _note_waited(self, client: Hashable) -> None:
        self._waited.pop(client, None)
        self._waited[client] = time.monotonic()
        if len(self._waited) > 2:  # noqa: PLR2004 (one of two is another client than any)
            del self._waited[next(iter(self._waited))]

    def _release(self, call: Future[Any]) -> None:
        with self._lock:
            self._taken -= 1
            self._waiting.remove(cast("_Call[Any]", call))
        self._on_place()


def _refuse(call: Future[Any]) -> None:
    if call.set_running_or_notify_cancel():
        call.set_exception(Busy(_BUSY))
