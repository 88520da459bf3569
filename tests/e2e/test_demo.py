"""`face-api demo`: from nothing to faces that are recognised."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e.service import FACE_API, free_port, unconfigured

READY = "Ctrl-C ends it."


@contextmanager
def demonstration(folder: Path, *arguments: str) -> Iterator[tuple[list[str], int]]:
    """What it says until it waits, and its port; then it is stopped, and must have left nothing."""
    port, temporary = free_port(), folder / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [FACE_API, "demo", *arguments, "--port", str(port)],
        env={**unconfigured(), "TMPDIR": str(temporary)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said: list[str] = []
        try:
            for line in process.stdout:
                said.append(line.rstrip("\n"))
                if said[-1] == READY:
                    break
            assert said[-1] == READY, said
            yield said, port
        finally:
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
    assert process.returncode == 0, rest
    assert "nothing was kept" in rest
    assert list(temporary.iterdir()) == []


def test_sample_faces_are_registered_and_recognised_and_a_stranger_is_not(tmp_path: Path) -> None:
    with demonstration(tmp_path) as (said, port):
        assert [line for line in said if line.startswith("registered")] == [
            f"registered  {name}" for name in ("Kim", "Noor", "Robin")
        ]
        recognised = re.findall(
            r"^recognised .*/(\w+)-again\.png: (\w+), similarity", "\n".join(said), re.MULTILINE
        )
        assert recognised == [(name, name) for name in ("Kim", "Noor", "Robin")]
        assert [line for line in said if line.startswith("unknown ") and "stranger.webp" in line]
        assert httpx.get(f"http://127.0.0.1:{port}/console").status_code == httpx.codes.OK
        assert len(httpx.get(f"http://127.0.0.1:{port}/api/profile").json()["data"]) == 3


def test_a_folder_is_used_instead(tmp_path: Path, astronaut: bytes) -> None:
    for path in ("people/Eileen/1.png", "people/Eileen/2.png", "people/Nobody/1.png"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"no photo" if "Nobody" in path else astronaut)
    with demonstration(tmp_path, "people") as (said, _):
        assert "registered  Eileen" in said
        assert [line for line in said if line.startswith("recognised  people/Eileen/2.png: Eileen, ")]
        assert [line for line in said if line.startswith("refused     people/Nobody/1.png: The file is not")]


@pytest.mark.parametrize("folder", ["empty", "absent"])
def test_without_photos_it_does_not_start(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    done = subprocess.run(
        [FACE_API, "demo", folder],
        cwd=tmp_path,
        env=unconfigured(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert folder in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
