"""Which processes are a cluster's: judged with a stand-in that has the program's name."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.embedded_postgres.processes import processes_in, stop_servers
from tests.waiting import wait_until


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program called postgres that works in `tmp_path / "cluster"`."""
    cluster = tmp_path / "cluster"
    cluster.mkdir()
    program = shutil.copy(shutil.which("sleep") or "sleep", tmp_path / "postgres")
    # Whoever runs the tests in the background has these signals ignored.
    command = ["env", "--default-signal=INT,QUIT", program, "60"]
    with subprocess.Popen(command, cwd=cluster) as process:
        wait_until(lambda: processes_in(cluster))
        yield process
        process.kill()


async def test_a_server_in_the_folder_is_stopped(tmp_path: Path, postgres: subprocess.Popen[bytes]) -> None:
    assert processes_in(tmp_path / "cluster") == {postgres.pid}
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path / "cluster") as other:  # noqa: ASYNC220
        await stop_servers(tmp_path / "cluster")
        assert postgres.wait() == -signal.SIGINT
        assert other.poll() is None
        other.kill()


async def test_a_server_elsewhere_is_left_alone(tmp_path: Path, postgres: subprocess.Popen[bytes]) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    await stop_servers(elsewhere)
    await stop_servers(tmp_path / "nowhere")
    assert postgres.poll() is None
