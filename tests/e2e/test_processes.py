"""A service of several processes: they know the same, and live and die together."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.e2e.service import Service

WAIT_S = 60
LISTEN = "0A"
"""The state of a socket in /proc/net/tcp."""
CONNECTIONS = 40
"""The kernel gives each to one of two processes: the chance that one gets them all is 1 in 10^11."""


@pytest.fixture
def two(tmp_path: Path) -> Service:
    return Service(tmp_path, {"FACE_PROCESSES": "2"})


def siblings(service: Service) -> list[int]:
    """The numbers of the other processes of a running service."""
    first = service.process.pid
    children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()
    return [int(child) for child in children if program(int(child)) == program(first)]


def program(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/exe").readlink()
    except OSError:  # it has just ended
        return None


def listening(service: Service) -> int:
    """How many of the service's processes have its address."""
    sockets = [line.split()[1:4] for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()]
    return sum(local.endswith(f":{service.port:04X}") and state == LISTEN for local, _, state in sockets)


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
    return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")


def answers(service: Service, image: bytes) -> set[int]:
    """The statuses of recognitions over a connection each."""
    return {
        httpx.post(
            f"http://127.0.0.1:{service.port}/api/face/recognize",
            files={"image": ("photo", image)},
            timeout=60,
        ).status_code
        for _ in range(CONNECTIONS)
    }


def test_every_process_answers_and_knows_at_once_what_another_was_told(
    two: Service, astronaut: bytes
) -> None:
    with two:
        until(lambda: listening(two) == 2)
        (other,) = siblings(two)
        before = computed(other), computed(two.process.pid)
        face = two.register("Eileen", astronaut).json()["data"]["id"]
        assert answers(two, astronaut) == {httpx.codes.OK}
        two.client.delete(f"/api/face/{face}")
        assert answers(two, astronaut) == {httpx.codes.NOT_FOUND}
        assert computed(other) > before[0]
        assert computed(two.process.pid) > before[1]


def test_who_keeps_a_connection_moves_on_and_notices_nothing(two: Service) -> None:
    """One answer in 200 ends its connection: the chance that none of so many does is 1 in 10^6."""
    with two:
        closing = 0
        for _ in range(2800):
            answer = two.client.get("/health/live")
            assert answer.status_code == httpx.codes.OK
            closing += answer.headers.get("connection") == "close"
    assert 0 < closing < 100


def test_a_process_that_ends_is_started_again(two: Service, astronaut: bytes) -> None:
    with two:
        two.register("Eileen", astronaut)
        until(lambda: listening(two) == 2)
        (other,) = siblings(two)
        os.kill(other, signal.SIGKILL)
        until(lambda: siblings(two) not in ([], [other]) and listening(two) == 2)
        assert answers(two, astronaut) == {httpx.codes.OK}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_none_outlives_the_first(two: Service, number: signal.Signals) -> None:
    with two:
        until(lambda: listening(two) == 2)
        (other,) = siblings(two)
        status = two.stop(number)
        if number != signal.SIGKILL:
            assert status == 0
            assert gone(other)
        until(lambda: gone(other) and listening(two) == 0)
        two.start()


def test_a_stop_while_another_begins_is_clean(two: Service) -> None:
    with two:
        until(lambda: siblings(two))
        others = siblings(two)
        assert two.stop(signal.SIGTERM) == 0
        assert all(map(gone, others))
        two.start()
