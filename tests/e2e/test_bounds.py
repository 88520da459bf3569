"""What clients can't do to a service: hold its connections, its memory, its port or its end."""

import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.service import Service, face_api, one_line
from tests.waiting import wait_until

MOST_STOP_S = 100
HEAD = (
    "POST /api/face/detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    "Content-Length: 14950000\r\n\r\n"
    '--b\r\nContent-Disposition: form-data; name="image"; filename="photo"\r\n\r\n'
)


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = {
        "FACE_DATABASE_URL": "memory",
        "FACE_HEADER_TIMEOUT_S": "2",
        "FACE_BODY_TIMEOUT_S": "30",
        "FACE_MAX_UPLOADS_MB": "40",
    }
    with Service(tmp_path_factory.mktemp("bounded"), settings) as service:
        yield service


def connect(service: Service) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.port), timeout=60)


def hold(service: Service, size: int) -> socket.socket:
    """An upload that is never finished."""
    client = connect(service)
    client.sendall(HEAD.encode() + bytes(size))
    return client


def in_progress(service: Service, key: str = "") -> float:
    """Requests that are being received or answered, and this one."""
    text = service.client.get("/metrics", headers={"X-API-Key": key} if key else {}).text
    (number,) = re.findall(r"(?m)^face_requests_in_progress (\S+)$", text)
    return float(number)


def test_silent_connections_are_closed(bounded: Service) -> None:
    clients = [connect(bounded) for _ in range(50)]
    assert [client.recv(100) for client in clients] == [b""] * 50
    for client in clients:
        client.close()


def test_a_head_without_bound_is_refused(bounded: Service) -> None:
    answer = bounded.client.get("/health/live", headers={"X": "a" * 70_000})
    assert (answer.status_code, answer.json()["code"]) == (431, "headers_too_large")


def test_held_uploads_keep_nobody_out(bounded: Service, astronaut: bytes) -> None:
    held = [hold(bounded, 14_900_000) for _ in range(6)]
    refused = held[0].recv(1000).decode()
    assert refused.startswith("HTTP/1.1 503 ")
    assert "retry-after: 1" in refused
    for _ in range(5):
        answer = bounded.client.post("/api/face/detect", files={"image": ("photo", astronaut)})
        assert answer.status_code == httpx.codes.OK
    for client in held:
        client.close()


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_second_service_on_the_port_fails_at_once_also_while_the_first_starts(
    tmp_path: Path, processes: str
) -> None:
    service = Service(tmp_path, {"FACE_PROCESSES": processes})
    start = threading.Thread(target=service.start)
    start.start()
    deadline = time.monotonic() + 120
    while True:
        try:
            connect(service).close()
            break
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    second = face_api(
        tmp_path,
        "serve",
        FACE_PORT=str(service.port),
        FACE_PROCESSES=processes,
        FACE_DATA_DIR=str(tmp_path / "other"),
    )
    assert second.returncode == 1
    assert one_line(second.stderr).startswith("face-api: FACE_PORT: ")
    assert not (tmp_path / "other").exists()
    start.join()
    assert service.client.get("/health/ready").status_code == httpx.codes.OK
    assert service.stop() == 0
    service.client.close()


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_stop_answers_503_to_what_it_cuts_off(tmp_path: Path, processes: str) -> None:
    settings = {"FACE_PROCESSES": processes, "FACE_BODY_TIMEOUT_S": "600", "FACE_HEADER_TIMEOUT_S": "600"}
    with Service(tmp_path, settings) as service:
        held = [hold(service, 1000) for _ in range(20)]
        silent = [connect(service) for _ in range(20)]
        wait_until(lambda: in_progress(service) > len(held))
        began = time.monotonic()
        assert service.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < MOST_STOP_S
        answers = [client.recv(1000).decode() for client in held]
        assert all(answer.startswith("HTTP/1.1 503 ") for answer in answers)
        assert all('"code":"unavailable"' in answer for answer in answers)
        log = service.log.read_text(encoding="utf-8")
        assert "Traceback" not in log
        for client in [*held, *silent]:
            client.close()
