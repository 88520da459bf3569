"""SIGTERM, Ctrl-C and the end of a terminal: a clean stop, and a forced one where that takes too long."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from threading import Thread

_STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_FORCED = 1
"""The exit status of a process that did not stop in time."""

logger = logging.getLogger("face.serve")


class StopSignals:
    """Handles stop signals for the running task: cancels it, or calls `on_stop` in the event loop once that is set.

    Python's own handlers are used, not the loop's: they run between two instructions of whatever the main thread
    does, also where the loop is blocked. The first signal starts a clock, at whose end the process ends in any case.
    """

    def __init__(self, limit_s: float) -> None:
        """Install the handlers; a clean stop may take `limit_s` seconds."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("No task is running.")
        self.on_stop: Callable[[int], object] = lambda _: task.cancel()
        self._loop = asyncio.get_running_loop()
        # A handler of signals may not take locks, and so can't start a thread: this one waits for a byte.
        clock, self._started = os.pipe()
        Thread(target=_end_by_force, args=(clock, limit_s), name="face-stop", daemon=True).start()
        for number in _STOP:
            ignored = number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN  # under nohup
            if not ignored:
                signal.signal(number, self._handle)

    def _handle(self, number: int, _: object) -> None:
        os.write(self._started, b"s")
        self._loop.call_soon_threadsafe(lambda: self.on_stop(number))


def _end_by_force(clock: int, limit_s: float) -> None:
    os.read(clock, 1)
    time.sleep(limit_s)
    logger.error("process %d did not stop within %.0f s of the signal and is ended", os.getpid(), limit_s)
    os._exit(_FORCED)
