"""Services that are measured: processes of their own, on a port of their own, in a folder of their own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import click
import httpx

from tests.benchmarks.held import held
from tests.benchmarks.load import HOST
from tests.benchmarks.rig import Rig

OURS: Sequence[str] = (str(Path(sys.executable).with_name("face-api")), "serve")
OPENCV: Sequence[str] = (sys.executable, "-m", "tests.benchmarks.opencv_service")

_START_S = 120.0
_STOP_S = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Service:
    """`with Service(OURS, folder) as service:`; it is configured as this process is, but for what is given.

    `{port}` in the command is its port.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] | None = None,
        *,
        ready_path: str = "/health/ready",
    ) -> None:
        self._command = command
        self._ready_path = ready_path
        self._folder = folder
        self._environment = environment or {}
        self.port = free_port()
        self.client = httpx.Client(base_url=f"http://{HOST}:{self.port}", timeout=60)

    def __enter__(self) -> Self:
        settings = {
            "FACE_HOST": HOST,
            "FACE_PORT": str(self.port),
            "FACE_DATA_DIR": str(self._folder / "data"),
            "FACE_DATABASE_URL": "embedded",
        }
        self._folder.mkdir(exist_ok=True)
        with (self._folder / "service.log").open("ab") as log:
            self._process = subprocess.Popen(
                [part.replace("{port}", str(self.port)) for part in self._command],
                env={**os.environ, **self._environment, **settings},
                cwd=self._folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ready(self) -> Self:
        """Wait until requests can be answered.

        Raises:
            click.ClickException: the service doesn't start.
        """
        deadline = time.monotonic() + _START_S
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self._folder / "service.log").read_text(errors="replace").strip()
                raise click.ClickException(f"a service to measure did not start: {said[-1000:]}")
            time.sleep(0.01)
        return self

    def _is_ready(self) -> bool:
        try:
            return self.client.get(self._ready_path).is_success
        except httpx.TransportError:
            return False

    def memory(self) -> tuple[float, float]:
        """10^6 bytes that the service's own processes hold, and its database's: the sum is what all of it takes."""
        own, others = self._processes()
        return held(own), held(others)

    def processor_s(self) -> float:
        """Seconds that the service and all processes under it have computed, those that ended with them."""
        return sum(map(_computed, [self._process.pid, *_descendants(self._process.pid)]))

    def workers_s(self) -> float:
        """The part of it that the service's threads have computed, other than those that speak HTTP."""
        own, _ = self._processes()
        return sum(map(_computed_beside, own))

    def _processes(self) -> tuple[list[int], list[int]]:
        """The service's own, and its database's."""
        first = self._process.pid
        descendants = _descendants(first)
        own = [first, *(pid for pid in descendants if _program(pid) == _program(first))]
        return own, [pid for pid in descendants if pid not in own]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _stat(task: int | str) -> list[str]:
    """The fields of /proc/PID/stat, or /proc/PID/task/TID/stat, after the name, from the third on (see proc(5))."""
    return Path(f"/proc/{task}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def _program(pid: int) -> Path:
    return Path(f"/proc/{pid}/exe").readlink()


def _descendants(pid: int) -> list[int]:
    parents: dict[int, int] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                parents[int(path.name)] = int(_stat(int(path.name))[1])
            except OSError:  # it has just ended
                continue
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def _computed(pid: int) -> float:
    """User and system time, with that of its ended children."""
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / _TICKS


def _computed_beside(pid: int) -> float:
    """User and system time of a process's threads but the first."""
    ticks = 0
    for path in Path(f"/proc/{pid}/task").iterdir():
        if int(path.name) != pid:
            with suppress(OSError):  # it has just ended
                ticks += sum(map(int, _stat(f"{pid}/task/{path.name}")[11:13]))
    return ticks / _TICKS


def folder() -> "tempfile.TemporaryDirectory[str]":
    """For services; the embedded database asks for paths of less than 107 bytes."""
    return tempfile.TemporaryDirectory(prefix="face-bench-")


def enrol(service: Service, rig: Rig) -> int:
    """Register the people; how many were accepted."""
    answers = [
        service.client.post(
            "/api/face/register",
            params={"name": person.name, "faces": "largest"},
            files={"image": ("photo.jpg", person.enrolled)},
        )
        for person in rig.people
    ]
    return sum(answer.is_success for answer in answers)
