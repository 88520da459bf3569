"""The service as an init system runs it, which starts it again whenever it ends, and does nothing else."""

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

from adapters.embedded_postgres.processes import processes_in
from tests.e2e.service import FACE_API, free_port, furnish, unconfigured

RESTART_S = 0.1
"""systemd's RestartSec."""
BURST, BURST_S = 5, 10.0
"""More starts than the first in the second number of seconds, and systemd gives up: its defaults."""


@dataclass
class Unit:
    """`with Unit(directory, settings) as unit: unit.until_ready(60)`."""

    directory: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.log = self.directory / "service.log"
        self.url = f"http://127.0.0.1:{self.port}"
        self.starts: list[float] = []
        self.gave_up = False
        self._stopping = False
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep)

    def __enter__(self) -> Self:
        furnish(self.directory / "data")
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
        self._keeper.join(60)

    def restart(self) -> None:
        """End the service as an operator does; it is started again with what `settings` has by now."""
        (process,) = self.first()
        starts = len(self.starts)
        os.kill(process, signal.SIGTERM)
        deadline = time.monotonic() + 60
        while len(self.starts) == starts:
            assert time.monotonic() < deadline, "it does not end"
            time.sleep(0.05)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def until_ready(self, limit_s: float) -> None:
        """Wait until it answers, all its workers do, and its database's processes are complete.

        Raises:
            AssertionError: it doesn't.
        """
        deadline = time.monotonic() + limit_s
        processes = int(self.settings["FACE_PROCESSES"])
        workers = processes if processes > 1 else 0  # a lone process answers itself
        while not (self.is_ready() and len(self.ready_workers()) == workers and self.postmaster()):
            log = self.log.read_text(errors="replace")[-3000:]
            assert not self.gave_up, f"started {BURST} times in {BURST_S} s:\n{log}"
            assert time.monotonic() < deadline, f"not ready after {limit_s} s:\n{log}"
            time.sleep(0.05)

    def first(self) -> list[int]:
        """The process that the init system started."""
        process = self._process
        return [process.pid] if process is not None and process.poll() is None else []

    def workers(self) -> list[int]:
        """Those of its children that run its program."""
        return [
            child
            for first in self.first()
            for child in _children(first)
            if _program(child) == _program(first) and child not in self.postmaster()
        ]

    def ready_workers(self) -> list[int]:
        """The workers that answer, as the log has it."""
        log = self.log.read_text(errors="replace")
        return [pid for pid in self.workers() if f"worker process {pid} is ready" in log]

    def postmaster(self) -> list[int]:
        """The process of the database that the others are children of."""
        found = self.database()
        return [pid for pid in found if not any(pid in _children(other) for other in found)]

    def backends(self) -> list[int]:
        """The database's processes, each of which has a connection."""
        return [pid for pid in self.database() if b"face face [local]" in _command(pid)]

    def database(self) -> list[int]:
        return sorted(processes_in(self.directory / "data" / "postgres"))

    def everything(self) -> list[int]:
        """All processes."""
        return [*self.first(), *self.workers(), *self.database()]

    def _keep(self) -> None:
        while not self._stopping:
            self.starts.append(time.monotonic())
            if len(self.starts) > BURST and self.starts[-1] - self.starts[-1 - BURST] < BURST_S:
                self.gave_up = True
                return
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    [FACE_API, "serve"],
                    env={
                        **unconfigured(),
                        "FACE_PORT": str(self.port),
                        "FACE_DATA_DIR": str(self.directory / "data"),
                        **self.settings,
                    },
                    cwd=self.directory,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            self._process.wait()
            time.sleep(RESTART_S)


def kill(pids: list[int]) -> int:
    """SIGKILL to those that still run; how many did."""
    killed = 0
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        killed += 1
    return killed


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _program(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/exe").readlink()
    except OSError:
        return None


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
