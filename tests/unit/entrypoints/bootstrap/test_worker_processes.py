"""The supervision of worker processes, here with a program that behaves as it is told."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from application.errors import StartupError
from entrypoints.bootstrap import worker_processes
from entrypoints.bootstrap.worker_processes import Patience, WorkerProcesses

PROGRAM = """
import json, os, signal, sys, time
from pathlib import Path

folder, behaviour = Path(sys.argv[1]), sys.argv[2]
heartbeat = json.loads(os.environ["_FACE_WORKER"])["heartbeat"]
def end(*_):
    time.sleep(0.5)
    (folder / f"{os.getpid()}.ended").touch()
    sys.exit()

signal.signal(signal.SIGTERM, signal.SIG_IGN if behaviour == "deaf" else end)
(folder / str(os.getpid())).touch()
if behaviour == "broken":
    sys.exit(1)
if behaviour == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if behaviour != "silent":
    os.write(heartbeat, b"R")
while True:
    time.sleep(0.1)
    if behaviour in {"well", "deaf"}:
        os.write(heartbeat, b".")
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        yield listener


@pytest.fixture
def behave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def behave(behaviour: str) -> None:
        monkeypatch.setattr(sys, "orig_argv", ["python", "-c", PROGRAM, str(tmp_path), behaviour])

    return behave


def started(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name.isdigit()}


def runs(pid: str) -> bool:
    return Path(f"/proc/{pid}").exists()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(120):
        while not true():  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)


async def test_workers_are_told_to_end_and_waited_for(
    tmp_path: Path, behave: Callable[[str], None], listener: socket.socket
) -> None:
    behave("well")
    async with WorkerProcesses(2, listener):
        await until(lambda: len(started(tmp_path)) == 2)
    assert all((tmp_path / f"{pid}.ended").exists() for pid in started(tmp_path))


async def test_a_worker_that_ignores_a_stop_is_killed(
    tmp_path: Path, behave: Callable[[str], None], listener: socket.socket
) -> None:
    behave("deaf")
    async with asyncio.timeout(120), WorkerProcesses(1, listener, Patience(stop=1)):
        pass
    assert not any(map(runs, started(tmp_path)))


async def test_a_worker_whose_event_loop_is_blocked_is_replaced(
    tmp_path: Path, behave: Callable[[str], None], listener: socket.socket
) -> None:
    behave("hanging")
    async with WorkerProcesses(1, listener, Patience(heartbeat=2)):
        (hung,) = started(tmp_path)
        behave("well")
        await until(lambda: len(started(tmp_path)) >= 2 and not runs(hung))


async def test_a_worker_that_no_signal_reaches_is_told_of_once(
    behave: Callable[[str], None],
    listener: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    behave("hanging")
    looks: list[bool] = []
    hangs = worker_processes._Running.hangs

    def look(worker: worker_processes._Running, patience: Patience, since_s: float) -> bool:
        looks.append(hangs(worker, patience, since_s))
        return looks[-1]

    monkeypatch.setattr(worker_processes._Running, "hangs", look)
    async with WorkerProcesses(1, listener, Patience(heartbeat=1)):
        with monkeypatch.context() as deaf:
            deaf.setattr(subprocess.Popen, "kill", lambda _: None)  # it waits for a disk that hangs
            await until(lambda: looks.count(True) >= 3)
            assert sum("hangs" in record.getMessage() for record in caplog.records) == 1


async def test_a_worker_that_hangs_while_it_starts_stops_the_start(
    behave: Callable[[str], None], listener: socket.socket
) -> None:
    behave("silent")
    with pytest.raises(StartupError, match="hangs"):
        async with WorkerProcesses(1, listener, Patience(start=1)):
            pass


async def test_the_first_worker_says_itself_why_it_cannot_start(
    behave: Callable[[str], None], listener: socket.socket
) -> None:
    behave("broken")
    with pytest.raises(SystemExit, match="1"):
        async with WorkerProcesses(2, listener):
            pass


async def test_a_first_worker_that_is_killed_stops_the_start(
    behave: Callable[[str], None], listener: socket.socket
) -> None:
    behave("killed")
    with pytest.raises(StartupError, match="SIGKILL"):
        async with WorkerProcesses(2, listener):
            pass


async def test_a_worker_that_cannot_be_started_is_tried_again(
    tmp_path: Path,
    behave: Callable[[str], None],
    listener: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    behave("well")
    popen, refusals = subprocess.Popen, 2

    def refuse(*arguments: Any, **options: Any) -> Any:
        nonlocal refusals
        if started(tmp_path) and refusals:
            refusals -= 1
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return popen(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", refuse)
    before = open_files()
    async with WorkerProcesses(2, listener):
        await until(lambda: len(started(tmp_path)) == 2)
    assert refusals == 0
    assert "Resource temporarily unavailable" in caplog.text
    assert open_files() == before
