"""A service with an index that could be shared, on milvus-lite, and a command that shares it."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.service import FACE_API, Service, unconfigured

WAIT_S = 120


def command(service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {"FACE_DATA_DIR": str(service.directory / "data"), **service.settings}
    return subprocess.run(
        [FACE_API, "index", *arguments, "--json"],
        env={**unconfigured(), **own},
        cwd=service.directory,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def rebuilt(service: Service) -> dict[str, Any]:
    """As soon as the service has built it for the first time."""
    deadline = time.monotonic() + WAIT_S
    while (done := command(service, "rebuild")).returncode and time.monotonic() < deadline:
        pass
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path, {"FACE_INDEX_URL": "data/shared"})


def test_an_index_is_built_again_while_the_service_runs(service: Service, astronaut: bytes) -> None:
    with service:
        enrolled = service.register("Eileen", astronaut).json()["data"]
        assert rebuilt(service)["faces"] == 1
        assert service.recognize(astronaut).json()["data"]["name"] == "Eileen"
        ready = service.client.get("/health/ready").json()
        assert (ready["degraded"], ready["index_lag_s"] >= 0) == ([], True)
        assert "\nface_index_unavailable 0.0\n" in service.client.get("/metrics").text
        receipt = service.client.delete(f"/api/face/{enrolled['id']}").json()["receipt"]
        assert "index_server" in [place["where"] for place in receipt["may_remain"]]
        assert service.recognize(astronaut).json()["code"] == "no_match"
    files = [path for path in (service.directory / "data").iterdir() if path.name == "shared"]
    assert [path.stat().st_mode & 0o777 for path in files] == [0o700]
