"""A worker of a service of several processes: what it is given by its parent, and what it reports."""

import asyncio
import ctypes
import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass

import msgspec

from application.errors import StartupError

WORKER = "_FACE_WORKER"
"""The environment variable that makes a process a worker."""

ALIVE, READY = b".", b"R"
"""Heartbeats: the event loop runs; the worker answers requests."""

HEARTBEAT_S = 1.0

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Worker:
    """What a parent gives to a worker."""

    parent: int
    """Process id."""
    listener: int
    """File descriptor of the socket that all workers accept connections from."""
    heartbeat: int
    """File descriptor of the pipe for heartbeats."""
    others_answer: bool
    """Whether other workers answer already, so that this one can wait until it is as fast as they are."""
    counters: int
    """File descriptor of the table in which clients' requests and photos are counted."""
    place: int
    """Of this process in that table."""

    def encoded(self) -> str:
        """The value of the environment variable."""
        return msgspec.json.encode(self).decode()

    def die_with_parent(self) -> None:
        """Let the kernel kill this process when its parent ends.

        With SIGKILL, because a blocked process answers no other signal. A parent that stops cleanly stops its
        workers first; one that was killed has left them without a database.

        Raises:
            StartupError: the parent has ended.
        """
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != self.parent:
            raise StartupError("the service ended while this worker process started")

    def socket(self) -> socket.socket:
        """The listening socket."""
        return socket.socket(fileno=self.listener)

    def report(self, state: bytes) -> None:
        """Write ALIVE or READY."""
        with suppress(BlockingIOError, BrokenPipeError):  # the parent is stopped, or ends just now
            os.write(self.heartbeat, state)

    async def beat(self) -> None:
        """Report that the event loop runs, until this is cancelled."""
        while True:
            self.report(ALIVE)
            await asyncio.sleep(HEARTBEAT_S)


def this_worker() -> Worker | None:
    """What this process was given, if it is a worker."""
    text = os.environ.pop(WORKER, None)
    return None if text is None else msgspec.json.decode(text, type=Worker)
