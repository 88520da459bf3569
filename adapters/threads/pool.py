"""The worker pool: threads, since decoding and inference release the interpreter's lock."""

import asyncio
import math
import time
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from typing_extensions import override

from adapters.system.machine import lower_priority_of_thread, return_freed_memory
from adapters.threads.allowance import MIN_MS, Allowance
from adapters.threads.bounded import BoundedThreads
from adapters.threads.event_loop import EventLoopShares
from adapters.threads.fairness import MOST_AHEAD_S, ClientShares, Owner
from adapters.threads.pace import Pace
from application.ports.effort import Interrupted, checkpoint, interruptible
from application.ports.workers import Client, WorkerPool, current_client, queued_at
from domain.errors import Busy

P = ParamSpec("P")
R = TypeVar("R")

COSTLY_S = 25.0
"""Less than the half minute that most clients wait for an answer."""
_STOP_S = 5.0
"""From the beginning of the service's end to that of work that takes long."""
_RETURN_S = 1.0
"""Between two returns of freed memory, each of which slows down all threads."""
BYTE_S = 5e-9
"""What receiving a byte counts as, in time of a thread. In processor time it takes 1 ns of a raw body, half of it for
fresh pages of memory, 1.5 to 2.4 ns of a form, and 4 ns of JSON, most of it for base64 (AMD EPYC of the fifth
generation): 2.5 ns on average, and the time of threads goes by twice as fast, since on two cores four take turns."""
RECENT_S = 1.0
"""How long photos count as waiting that have waited: what keeps the event loop busy keeps others from the queue."""
_NOBODY = Owner(None, None)
"""Whose work it is that no request waits for."""


class ThreadWorkerPool(WorkerPool):
    """Threads for ordinary work, and one of low priority for work that takes long while others wait.

    Clients get equal time of the threads, however many requests each has; see FairQueue.

    One hostile photo can take as long as a hundred ordinary ones. Work that uses up its allowance while others wait
    is stopped, and done anew in the background: one piece after the other, in the time that the others leave, or a
    tenth of a core's. So it has to be work that can be begun again.
    """

    def __init__(
        self,
        workers: int,
        queue: int,
        prepare: Callable[[], None] = lambda: None,
        *,
        costly_s: float = COSTLY_S,
    ) -> None:
        """Make a pool; its threads start when they are needed.

        Args:
            workers: maximum number of threads for ordinary work.
            queue: maximum number of calls that wait for one of them, and of those that wait for the background.
            prepare: called in each thread when it starts.
            costly_s: how long a call may take that gets into the background; 0: none does.
        """
        self._costly_s = costly_s
        self._stop_at = math.inf
        """On the clock time.monotonic()."""
        self._allowance = Allowance()
        self._wakes: list[Callable[[], object]] = []
        """What wakes each of those who wait for a place."""
        self._shares = ClientShares()
        self._ordinary = BoundedThreads("face-worker", workers, queue, prepare, self._wake, self._shares)
        self._background = BoundedThreads(
            "face-background",
            1,
            queue,
            partial(_prepare_background, prepare),
            self._wake,
            self._shares,
            time.thread_time,  # without its pauses
            MOST_AHEAD_S,
        )
        self._event_loop = EventLoopShares(
            self._shares, partial(self._ordinary.others_wait, within_s=RECENT_S)
        )
        self._returned_at = 0.0
        """When freed memory was returned, on the clock time.monotonic()."""

    @override
    async def run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        context, now = copy_context(), time.monotonic()
        context.run(queued_at.set, now)
        call = partial(context.run, work, *args, **kwargs)
        client = current_client.get()
        end = now + self._costly_s

        def in_background(_: float) -> bool:
            return time.monotonic() < min(end, self._stop_at) and not (client and client.dropped)

        def ordinary(seconds: float) -> bool:
            if not self._costly_s or self._allowance.covers(seconds):
                return True
            return not self._ordinary.has_waiting and in_background(seconds)

        owner = _owner(client)
        with suppress(Interrupted):
            return await _result(self._ordinary, partial(self._interruptible, call, ordinary), client, owner)
        try:
            async with asyncio.timeout(end - time.monotonic()):
                return await _result(
                    self._background, partial(self._paced, call, in_background), client, owner
                )
        except (Interrupted, TimeoutError):
            raise Busy("Photos that take long have to wait; try again in a moment.") from None

    @override
    def charge(self, seconds: float) -> None:
        self._event_loop.charge(_owner(current_client.get()), seconds)

    @override
    async def turn(self) -> None:
        await self._event_loop.turn(_owner(current_client.get()))

    async def count_received(self, size: int, *, last: bool) -> None:
        """Count the receiving of so many bytes for the current client; returns when it may send more, see `turn`."""
        self.charge(BYTE_S * size)
        if not last:
            await self.turn()

    def prepare_to_close(self) -> None:
        """Refuse from some seconds on what takes long, so that a service can stop in time."""
        self._stop_at = time.monotonic() + _STOP_S

    def close(self) -> None:
        """Finish the calls that are running, unless they take long, and drop those that wait."""
        self._stop_at = -math.inf
        self._ordinary.close()
        self._background.close()

    @override
    async def vacancy(self) -> None:
        woken = asyncio.Event()
        wake = partial(asyncio.get_running_loop().call_soon_threadsafe, woken.set)
        self._wakes.append(wake)
        try:
            while not (self._ordinary.has_place and self._background.has_place):
                await woken.wait()
                woken.clear()
        finally:
            self._wakes.remove(wake)

    def _paced(self, call: Callable[[], R], may_go_on: Callable[[float], bool]) -> R:
        return self._interruptible(call, Pace(lambda: self._ordinary.has_waiting, may_go_on))

    def _interruptible(self, call: Callable[[], R], may_go_on: Callable[[float], bool]) -> R:
        with interruptible(may_go_on) as effort:
            try:
                checkpoint()  # it may have waited too long
                return call()
            except BaseException as error:
                _free_locals(error)
                raise
            finally:
                if effort.checkpoints > 1:  # it is a photo's
                    self._allowance.note(effort.spent_s)
                if 1000 * effort.spent_s > MIN_MS:
                    self._return_freed_memory()

    def _return_freed_memory(self) -> None:
        if time.monotonic() - self._returned_at > _RETURN_S:
            self._returned_at = time.monotonic()
            return_freed_memory()

    def _wake(self) -> None:
        for wake in tuple(self._wakes):
            wake()


def _owner(client: Client | None) -> Owner:
    return Owner(client.name, client.connection) if client else _NOBODY


async def _result(threads: BoundedThreads, call: Callable[[], R], client: Client | None, owner: Owner) -> R:
    """That of a call, unless nobody wants it any longer before it begins."""
    if client is not None and client.dropped:
        raise asyncio.CancelledError
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    future = threads.submit(call, owner)
    if client is not None:
        client.awaits(future)
    # As asyncio.wrap_future, in a third of the steps: the thread that was woken waits for the interpreter's lock.
    future.add_done_callback(lambda _: None if loop.is_closed() else loop.call_soon_threadsafe(_end, ended))
    try:
        await ended
        return future.result()
    except CancelledError:  # by Client.drop, or by `ensure_wanted`
        raise asyncio.CancelledError from None
    finally:
        future.cancel()  # where the caller is cancelled before the call has begun
        del future  # an error's traceback has this frame: a cycle


def _end(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)


def _prepare_background(prepare: Callable[[], None]) -> None:
    prepare()
    lower_priority_of_thread()


def _free_locals(error: BaseException | None) -> None:
    """Free what the functions had that an error, or one of its causes, has left: a photo's pixels, say."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__
