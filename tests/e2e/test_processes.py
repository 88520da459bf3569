"""A service of several processes: its workers know the same, and live and die with it."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from tests.e2e.service import Service

WAIT_S = 120
CONNECTIONS = 24
"""Recognitions at once: more than one process can take."""
CLIENTS = 8
MOST_STOP_S = 100


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("processes"), {"FACE_PROCESSES": "2"}) as service:
        yield service


@pytest.fixture
def two(service: Service) -> Service:
    """It and both its workers, whatever the test before has done to them."""
    if service.process.poll() is not None:
        service.start()
    until(lambda: len(answering(service)) == 2)
    return service


def workers(service: Service) -> list[int]:
    """The process ids of a running service's workers."""
    first = service.process.pid
    children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children if program(int(child)) == program(first)]


def program(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/exe").readlink()
    except OSError:  # it has just ended
        return None


def answering(service: Service) -> list[int]:
    """Those of them that answer, as the log has it."""
    log = service.log.read_text(encoding="utf-8")
    return [pid for pid in workers(service) if f"worker process {pid} is ready" in log]


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def computed(pid: int) -> int:
    """Ticks of the processor that it has had."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:13]))


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return "\nState:\tZ" in status and "\nThreads:\t1\n" in status  # while there are others, it has its files


def answers(service: Service, image: bytes) -> set[int]:
    """The statuses of recognitions over a connection each, several at once."""

    def recognize(_: int) -> int:
        return service.once("POST", "/api/face/recognize", files={"image": ("photo", image)}).status_code

    with ThreadPoolExecutor(CLIENTS) as threads:
        return set(threads.map(recognize, range(CONNECTIONS)))


def test_every_process_answers_and_knows_at_once_what_another_was_told(
    two: Service, astronaut: bytes
) -> None:
    pids = answering(two)
    before = list(map(computed, pids))
    face = two.register("Eileen", astronaut).json()["data"]["id"]
    assert answers(two, astronaut) == {httpx.codes.OK}
    two.client.delete(f"/api/face/{face}")
    assert answers(two, astronaut) == {httpx.codes.NOT_FOUND}
    # More than what a process that only waits computes.
    assert all(after - ticks > 20 for after, ticks in zip(map(computed, pids), before, strict=True))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_ends_or_hangs_is_replaced(two: Service, astronaut: bytes, number: int) -> None:
    face = two.register("Eileen", astronaut).json()["data"]["id"]
    broken = answering(two)[0]
    os.kill(broken, number)
    until(lambda: gone(broken) and len(answering(two)) == 2)
    assert answers(two, astronaut) == {httpx.codes.OK}
    two.client.delete(f"/api/face/{face}").raise_for_status()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_the_service(two: Service, number: signal.Signals) -> None:
    pids = workers(two)
    status = two.stop(number)
    if number != signal.SIGKILL:
        assert status == 0
        assert all(map(gone, pids))
    until(lambda: all(map(gone, pids)))
    two.start()


def test_a_worker_that_hangs_does_not_outlive_the_service_either(two: Service) -> None:
    pids = workers(two)
    os.kill(pids[0], signal.SIGSTOP)
    began = time.monotonic()
    two.stop(signal.SIGTERM)
    assert time.monotonic() - began < MOST_STOP_S
    assert all(map(gone, pids))
    two.start()


def test_a_hanging_worker_does_not_hold_the_address_of_a_killed_service(two: Service) -> None:
    pids = workers(two)
    os.kill(pids[0], signal.SIGSTOP)
    two.stop(signal.SIGKILL)
    until(lambda: all(map(gone, pids)))
    two.start()


def test_a_stop_while_a_worker_starts_is_clean(two: Service) -> None:
    two.stop()
    two.start()  # the first worker answers, the other starts
    pids = workers(two)
    assert two.stop(signal.SIGTERM) == 0
    assert all(map(gone, pids))
    two.start()


def test_one_line_tells_of_the_whole_service_at_its_start_and_stop(two: Service) -> None:
    two.stop()
    before = len(two.log.read_text(encoding="utf-8"))
    two.start()
    until(lambda: len(answering(two)) == 2)
    two.stop()
    log = two.log.read_text(encoding="utf-8")[before:]
    told = [line for line in log.splitlines() if "face.serve" in line]
    assert [re.sub(r".* INFO face\.serve\[\d+\] (\w+): .*", r"\1", line) for line in told] == [
        "serving",
        "stopped",
    ]
    for line in told:
        assert f"http://127.0.0.1:{two.port}" in line
        assert f"pid {two.process.pid}," in line
        assert "processes 2" in line
        assert version("face-api") in line
        assert str(two.directory / "data") in line
