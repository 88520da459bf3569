"""`face-api serve --host --port`."""

import socket
from pathlib import Path

import pytest

from tests.e2e.service import face_api, free_port, one_line


def test_options_count_before_the_environment(tmp_path: Path) -> None:
    """The port of the option is taken, and the message says so; that of the environment is free."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environment = {"FACE_HOST": "127.0.0.2", "FACE_PORT": str(free_port()), "FACE_DATABASE_URL": "memory"}
        result = face_api(tmp_path, "serve", "--host", "127.0.0.1", "--port", str(port), **environment)
    assert result.returncode == 1
    assert f"127.0.0.1:{port}" in one_line(result.stderr)


@pytest.mark.parametrize("port", ["http", "70000"])
def test_a_wrong_port_is_a_usage_error(tmp_path: Path, port: str) -> None:
    result = face_api(tmp_path, "serve", "--port", port)
    assert (result.returncode, "Invalid value for '--port'" in result.stderr) == (2, True)
