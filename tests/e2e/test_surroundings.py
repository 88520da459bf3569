"""A service that is started with less than a shell gives it."""

import subprocess
from pathlib import Path

import pytest

from tests.e2e.service import FACE_API, Service, free_port, furnish, unconfigured


@pytest.mark.parametrize("closed", ["<&-", "<&- >&- 2>&-"], ids=["input", "all streams"])
def test_without_standard_streams_it_serves(tmp_path: Path, closed: str) -> None:
    under = ("sh", "-c", f'exec "$0" "$@" {closed}')
    with Service(tmp_path, {"FACE_DATABASE_URL": "memory"}, under=under) as service:
        assert service.client.get("/health/ready").status_code == 200
        assert service.stop() == 0


@pytest.mark.parametrize("umask", ["0777", "0"])
def test_whatever_the_umask_is_only_the_owner_can_change_the_data(
    tmp_path: Path, umask: str, astronaut: bytes
) -> None:
    under = ("sh", "-c", f'umask {umask}; exec "$0" "$@"')
    with Service(tmp_path, under=under, from_nothing=True) as service:
        service.register("Ada", astronaut).raise_for_status()
    modes = {each.stat().st_mode & 0o777 for each in (tmp_path / "data").rglob("*")}
    assert {mode & 0o622 for mode in modes} == {0o600}


@pytest.mark.parametrize("command", [("models", "list"), ("doctor",), ("licenses",)], ids=" ".join)
def test_a_full_disk_behind_the_output_is_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    environment = {**unconfigured(), "FACE_DATABASE_URL": "memory", "FACE_DATA_DIR": str(tmp_path / "data")}
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [FACE_API, *command], stdout=full, stderr=subprocess.PIPE, text=True, env=environment, check=False
        )
    assert (ended.returncode, ended.stderr) == (
        1,
        "face-api: the output can't be written: No space left on device\n",
    )


def test_a_first_key_that_nobody_can_read_stops_the_start(tmp_path: Path) -> None:
    furnish(tmp_path / "data")
    own = {"FACE_FIRST_KEY": "true", "FACE_DATA_DIR": str(tmp_path / "data"), "FACE_PORT": str(free_port())}
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [FACE_API, "serve"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**unconfigured(), **own},
            check=False,
        )
    last = ended.stderr.splitlines()[-1]
    assert ended.returncode == 1
    assert last.startswith("face-api: FACE_FIRST_KEY: the key can't be shown (No space left on device)")
