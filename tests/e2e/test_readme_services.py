"""The README's three commands start three services, and a photo goes through them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.e2e.service import FACE_API, START_S, free_port, furnish, unconfigured
from tests.e2e.test_readme import BLOCKS, CURL, STAND_IN, section


@pytest.mark.parametrize("curl", [CURL] if CURL else [None], ids=["curl" if CURL else "stand-in"])
def test_they_do_what_it_says(tmp_path: Path, astronaut: bytes, curl: str | None) -> None:
    (_, start), (_, tour) = BLOCKS.findall(section("Model services"))
    assert start.count("&\n") == 3
    ports = {number: str(free_port()) for number in ("5000", "5001", "5002")}
    for documented, real in ports.items():
        start, tour = (text.replace(documented, real) for text in (start, tour))
    programs = tmp_path / "bin"
    programs.mkdir()
    script = f'exec "{curl}" -sS "$@"' if curl else f'exec "{sys.executable}" "{STAND_IN}" "$@"'
    (programs / "curl").write_text(f"#!/bin/sh\n{script}\n")
    (programs / "curl").chmod(0o755)
    (tmp_path / "me.jpg").write_bytes(astronaut)
    furnish(tmp_path / "data", "embedded")
    path = f"{programs}:{FACE_API.parent}:{os.environ['PATH']}"
    environment = {**unconfigured(), "PATH": path, "FACE_PORT": ports["5000"]}
    shell = shutil.which("sh") or "sh"
    with (tmp_path / "log").open("w") as log:
        services = subprocess.Popen(
            [shell, "-ec", f"{start}\nwait"],
            cwd=tmp_path,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_S
        while not ready(ports["5000"]):
            assert services.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.2)
        told = subprocess.check_output([shell, "-ec", tour], cwd=tmp_path, env=environment, text=True)
        assert '"name":"Ada"' in told.replace(" ", "")
    finally:
        os.killpg(services.pid, signal.SIGTERM)
        services.wait(180)
        while ready(ports["5000"]):
            time.sleep(0.1)
    log_text = (tmp_path / "log").read_text()
    assert "POST /v2/models/yunet/infer 200" in log_text
    assert "POST /v2/models/sface/infer 200" in log_text


def ready(port: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=60).status_code == 200
    except httpx.TransportError:
        return False
