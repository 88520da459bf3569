"""More processes that serve the address of this one.

Python computes in one thread of a process at a time, so that a service has several processes where there are several
cores. The kernel gives each connection to one of them. They are started by the first, which has the data directory,
and end with it; what they share is the database, and, at their start, what was prepared and saved by the first.
"""

import asyncio
import ctypes
import logging
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from types import TracebackType
from typing import Self

from application.errors import StartupError

_FIRST = "FACE_FIRST_PROCESS"
"""The environment variable that tells a sibling the first's number."""

_PR_SET_PDEATHSIG = 1
_AGAIN_S = 1.0
_PATIENCE_S = 60.0
"""A sibling that is told to end has so many seconds."""

logger = logging.getLogger("face.siblings")


class Siblings:
    """`async with Siblings(count, port):` keeps so many running."""

    def __init__(self, count: int, port: int) -> None:
        """`port` is that of the first's socket, whatever was asked for."""
        self._count = count
        self._environment = {**os.environ, _FIRST: str(os.getpid()), "FACE_PORT": str(port)}
        self._keepers: list[asyncio.Task[None]] = []
        self._stopped = False

    async def __aenter__(self) -> Self:
        self._keepers = [asyncio.create_task(self._keep()) for _ in range(self._count)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    def stop(self) -> None:
        """Tell them to answer what they have begun, and to end; nothing happens a second time."""
        if not self._stopped:
            self._stopped = True
            for keeper in self._keepers:
                keeper.cancel()

    async def _keep(self) -> None:
        """Start one, and again when it ends by itself, as it does when the kernel is short of memory."""
        while True:
            process = await asyncio.create_subprocess_exec(
                sys.executable, *sys.orig_argv[1:], env=self._environment, stdin=DEVNULL
            )
            try:
                status = await process.wait()
            except asyncio.CancelledError:
                await _end(process)
                raise
            logger.error("process %d of the service has ended (%d); it is started again", process.pid, status)
            await asyncio.sleep(_AGAIN_S)


async def _end(process: Process) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _PATIENCE_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def join_first() -> bool:
    """Whether this process is a sibling; from now on it ends with the first.

    Raises:
        StartupError: the first is gone already.
    """
    first = os.environ.get(_FIRST)
    if first is None:
        return False
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != int(first):
        raise StartupError("the service ended before this process of it had begun")
    return True
