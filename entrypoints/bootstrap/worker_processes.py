"""A service of several processes: a parent that owns the address and the database, and workers that answer.

Python computes in one thread of a process at a time, so that large machines need several processes. uvicorn's own
supervisor is not used: it takes a blocked event loop for a healthy one, waits without limit for a worker to stop,
ends when a worker can't be started, and leaves workers behind when it is killed (docs/decisions/0010-processes.md).
"""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from adapters.prometheus.folder import forget_process
from adapters.shared_memory.counters import SharedCounters
from application.errors import StartupError
from entrypoints.bootstrap.worker import READY, WORKER, Worker

_TICK_S = 1.0
"""Between two looks at the workers."""

_POLL_S = 0.05

logger = logging.getLogger("face.processes")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a worker may take, in seconds."""

    start: float = 60
    """Until its first heartbeat."""
    heartbeat: float = 30
    """Between two heartbeats. A worker that takes longer hangs, and is killed."""
    stop: float = 30
    """After SIGTERM."""


class WorkerProcesses:
    """Keeps a number of workers running, each with the command line of this process."""

    def __init__(self, count: int, listener: socket.socket, patience: Patience | None = None) -> None:
        self._count = count
        self._listener = listener
        self._patience = patience or Patience()
        self._workers: list[_Running] = []
        self._counters = SharedCounters.create()
        self._supervision: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start a worker, which prepares what all share; when it answers, start the others.

        Raises:
            StartupError: it can't be started, or has ended before it answered.
        """
        try:
            first = self._start()
        except OSError as error:
            await self._stop()
            raise StartupError(f"a worker process can't be started: {error.strerror}") from error
        try:
            await self._until_ready(first)
        except BaseException:
            await self._stop()
            raise
        self._supervision = asyncio.create_task(self._supervise())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Tell the workers to answer what they have begun and to end, and wait for them."""
        if self._supervision is not None:
            self._supervision.cancel()
        await self._stop()

    async def _until_ready(self, worker: "_Running") -> None:
        while not worker.ready:
            await asyncio.sleep(_POLL_S)
            if worker.hangs(self._patience, _POLL_S):
                raise StartupError("a worker process hangs while it starts")
            status = worker.process.poll()
            if status == 1:
                raise SystemExit(status)  # it has said why
            if status is not None:
                raise StartupError(f"a worker process ended while it started ({worker.outcome})")

    async def _supervise(self) -> None:
        """Replace workers that have ended or hang."""
        while True:
            for worker in list(self._workers):
                if worker.process.poll() is not None:
                    logger.error(
                        "worker process %d has ended (%s): replaced",
                        worker.process.pid,
                        worker.outcome,
                    )
                    self._workers.remove(worker)
                    forget_process(worker.process.pid)
                    worker.close()
                    self._counters.give_back_all(worker.place)
                elif worker.hangs(self._patience, _TICK_S) and not worker.killed:
                    logger.error("worker process %d hangs: killed and replaced", worker.process.pid)
                    worker.process.kill()
                    worker.killed = True
            try:
                while len(self._workers) < self._count:
                    self._start()
            except OSError as error:
                logger.error("a worker process can't be started, and is tried again: %s", error.strerror)  # noqa: TRY400
            await asyncio.sleep(_TICK_S)

    def _start(self) -> "_Running":
        place = min(set(range(self._count)) - {other.place for other in self._workers})
        others_answer = any(other.ready for other in self._workers)
        worker = _Running(self._listener, self._counters.file, place, others_answer=others_answer)
        self._workers.append(worker)
        return worker

    async def _stop(self) -> None:
        for worker in self._workers:
            worker.process.terminate()
        deadline = asyncio.get_running_loop().time() + self._patience.stop
        while any(worker.process.poll() is None for worker in self._workers):
            if asyncio.get_running_loop().time() > deadline:
                for worker in self._workers:
                    worker.process.kill()
            await asyncio.sleep(_POLL_S)
        for worker in self._workers:
            worker.close()
        self._counters.close()


class _Running:
    """A worker as its parent sees it."""

    def __init__(self, listener: socket.socket, counters: int, place: int, *, others_answer: bool) -> None:
        """Start it.

        Raises:
            OSError: there is no memory, process or file descriptor left for it.
        """
        self._heartbeat, writing = os.pipe()
        self.ready = False
        self.killed = False
        """It may end later: while it waits for a disk that hangs, no signal reaches it."""
        self.place = place
        self._alive = False
        self._silent_s = 0.0
        """Without a heartbeat, counted in looks: a service that was suspended as a whole goes on afterwards."""
        worker = Worker(os.getpid(), listener.fileno(), writing, others_answer, counters, place)
        with ExitStack() as on_error:
            on_error.callback(os.close, self._heartbeat)
            for end in (self._heartbeat, writing):
                os.set_blocking(end, False)
            try:
                self.process = subprocess.Popen(
                    [sys.executable, *sys.orig_argv[1:]],
                    env={**os.environ, WORKER: worker.encoded()},
                    stdin=subprocess.DEVNULL,
                    pass_fds=(worker.listener, worker.heartbeat, worker.counters),
                    start_new_session=True,  # Ctrl-C in the terminal is for the parent
                )
            finally:
                os.close(writing)
            on_error.pop_all()

    @property
    def outcome(self) -> str:
        """Why it has ended."""
        status = self.process.poll() or 0
        return f"status {status}" if status >= 0 else signal.Signals(-status).name

    def _read_heartbeats(self) -> bool:
        try:
            heartbeats = os.read(self._heartbeat, 4096)
        except BlockingIOError:
            return False
        if READY in heartbeats and not self.ready:
            logger.info("worker process %d is ready", self.process.pid)
            self.ready = True
        return bool(heartbeats)

    def hangs(self, patience: Patience, since_s: float) -> bool:
        """Whether there was no heartbeat for too long; `since_s` is the time since this was asked last."""
        if self._read_heartbeats():
            self._alive, self._silent_s = True, 0.0
        self._silent_s += since_s
        return self._silent_s > (patience.heartbeat if self._alive else patience.start)

    def close(self) -> None:
        """Close the parent's end of the pipe."""
        os.close(self._heartbeat)
