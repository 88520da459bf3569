"""`face-api doctor`."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.service import Service, face_api, free_port, furnish


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which something listens and answers nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def findings(directory: Path, status: int, **environment: str) -> dict[str, tuple[str, str]]:
    """By check: the state and the text."""
    result = face_api(directory, "doctor", "--json", **environment)
    assert (result.returncode, result.stderr) == (status, "")
    return {each["check"]: (each["state"], each["text"]) for each in json.loads(result.stdout)}


def test_before_the_first_start(tmp_path: Path) -> None:
    """Nothing is wrong, and nothing is written."""
    found = findings(tmp_path, 0, FACE_PORT=str(free_port()))
    assert "no database yet" in found["data directory"][1]
    assert "no service is running" in found["address"][1]
    assert "yunet and sface" in found["models"][1]
    assert ", which runs on " in found["models"][1]
    assert "database" not in found
    assert list(tmp_path.iterdir()) == []


def test_beside_the_service(tmp_path: Path, astronaut: bytes) -> None:
    with Service(tmp_path, {"FACE_DATABASE_URL": "embedded"}) as service:
        service.register("Ada", astronaut)
        found = findings(tmp_path, 0, FACE_PORT=str(service.port))
        assert found["address"] == ("ok", f"a service answers on http://127.0.0.1:{service.port}: Ready")
        assert found["database"] == ("ok", "it answers; 1 people are enrolled")
        assert found["access"][0] == "ok"
    found = findings(tmp_path, 1, FACE_PORT=str(free_port()), FACE_HOST="0.0.0.0")  # noqa: S104 (nothing listens)
    assert found["access"][0] == "error"
    assert "face-api keys create" in found["access"][1]


def test_what_keeps_it_from_starting(tmp_path: Path, taken_port: int) -> None:
    """All of it is found at once: an address that is taken, and a model that isn't there."""
    furnish(tmp_path / "data", "memory")
    environment = {"FACE_PORT": str(taken_port), "FACE_PRELOAD": "arcface", "FACE_DATABASE_URL": "memory"}
    found = findings(tmp_path, 1, **environment)
    assert found["address"][0] == "error"
    assert "FACE_PORT" in found["address"][1]
    assert found["models"][0] == "error"
    assert "face-api models pull arcface" in found["models"][1]
    assert found["database"][0] == "warning"


def test_as_a_table(tmp_path: Path) -> None:
    furnish(tmp_path / "data", "memory")
    result = face_api(tmp_path, "doctor", FACE_DATABASE_URL="memory", FACE_PORT=str(free_port()))
    assert result.returncode == 0
    assert {"ok", "warning"} >= {line.split()[0] for line in result.stdout.splitlines() if line[0] != " "}
