"""`face-api demo`: from nothing to faces that are recognised."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from entrypoints.bootstrap.settings import PROJECT
from tests.e2e.service import FACE_API, free_port, unconfigured
from tests.e2e.test_readme import BLOCKS, STAND_IN

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


def test_the_tutorial(tmp_path: Path) -> None:
    """Its commands are carried out from the repository's root, and answer as it says."""
    blocks = BLOCKS.findall((PROJECT / "docs" / "tutorial.md").read_text())
    (first, *commands, last) = [text for kind, text in blocks if kind == "sh"]
    assert first.split() == [".venv/bin/face-api", "demo"]
    assert last.split() == [".venv/bin/face-api", "demo", "people"]
    documented = [json.loads(text) for kind, text in blocks if kind == "json"]
    with demonstration(tmp_path) as (_, port):
        script = f'exec "{sys.executable}" "{STAND_IN}" "$@"'
        (tmp_path / "curl").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "curl").chmod(0o755)
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        answers = [
            json.loads(
                subprocess.check_output(
                    ["sh", "-ec", line.replace("localhost:5000", f"127.0.0.1:{port}")],
                    cwd=PROJECT,
                    env=environment,
                )
            )
            for command in commands
            for line in command.splitlines()
        ]
    for one, other in zip(documented, answers, strict=False):
        assert list(one) == list(other)
        assert one["detail"] == other["detail"]
    assert [answer.get("data", {}).get("name") for answer in answers[:2]] == ["Kim", None]
    assert answers[3]["data"]["name"] == "Sam"
    assert [face["verdict"] for face in answers[4]["data"]] == ["match"]
    assert {person["name"] for person in answers[5]["data"]} == {"Kim", "Noor", "Robin", "Sam"}
    assert answers[6]["data"]["duplicates"] == []


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
