"""A service whose disk runs full."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.service import Service, furnish

SIZE_MB = 400
PRIVATE_DISK = f'mount -t tmpfs -o size={SIZE_MB}m,mode=0700 none "$0" && cp -a data/. "$0" && exec "$@"'


def _can_mount(folder: Path) -> bool:
    command = ("unshare", "--mount", "mount", "-t", "tmpfs", "none", folder)
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Its data directory is a small disk of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if not _can_mount(disk):
        pytest.skip("needs root, to mount a small disk")
    furnish(tmp_path / "data")
    settings = {"FACE_DATA_DIR": str(disk), "FACE_PROCESSES": "1"}
    with Service(
        tmp_path, settings, under=("unshare", "--mount", "bash", "-c", PRIVATE_DISK, disk)
    ) as service:
        yield service


def _fill(path: Path) -> None:
    """Until nothing fits any more."""
    megabyte = bytes(1 << 20)
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(megabyte) == len(megabyte):
            pass


def test_a_full_disk_refuses_additions_and_nothing_else(
    service: Service, tmp_path: Path, astronaut: bytes
) -> None:
    registered = service.register("Ada", astronaut).json()["data"]
    ballast = Path(f"/proc/{service.process.pid}/root{tmp_path}/disk/ballast")
    _fill(ballast)
    refused = service.register("Grace", astronaut)
    assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
    assert service.client.post("/api/collection", json={"name": "staff"}).status_code == 507
    ready = service.client.get("/health/ready")
    assert (ready.status_code, ready.json()["degraded"]) == (200, ["storage_full"])
    for _ in range(3):
        found = service.recognize(astronaut)
        assert (found.status_code, found.json()["data"]["name"]) == (200, "Ada")
    assert service.log.read_text().count("the database's disk is full") == 1

    ballast.unlink()
    assert service.client.get("/health/ready").json()["degraded"] == []
    assert service.register("Grace", astronaut).status_code == 200
    assert "the database's disk has room again" in service.log.read_text()
    assert service.client.delete(f"/api/face/{registered['id']}").status_code == 200
    assert "Traceback" not in service.log.read_text()
