"""Which Python `make` takes, and what it says where there is none."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY


def planned(folder: Path, *suitable: str) -> subprocess.CompletedProcess[str]:
    """What `make run` would do in a new environment, if only these names had a suitable Python."""
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        (folder / name).write_text(f"#!/bin/sh\nexit {int(name not in suitable)}\n")
        (folder / name).chmod(0o755)
    return subprocess.run(
        ["/usr/bin/make", "run", f"VENV={folder / 'venv'}", "BIN=/usr/bin/true"],
        cwd=REPOSITORY,
        env={"PATH": f"{folder}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(
    ("suitable", "chosen"),
    [
        (("python3", "python3.12"), "python3"),
        (("python3.12",), "python3.12"),
        (("python3.11", "python3.14"), "python3.14"),
    ],
)
def test_any_supported_python_is_taken(tmp_path: Path, suitable: tuple[str, ...], chosen: str) -> None:
    assert f"\n{chosen} -m venv " in planned(tmp_path, *suitable).stdout


def test_what_to_install_where_there_is_none(tmp_path: Path) -> None:
    done = planned(tmp_path)
    assert done.returncode != 0
    assert "No Python from 3.11 to 3.14" in done.stderr
    assert "venv" not in done.stdout


def test_serving_installs_nothing_that_only_tests_need() -> None:
    rules = subprocess.run(
        ["/usr/bin/make", "-n", "run", "VENV=absent"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "requirements/runtime.txt" in rules.stdout
    assert "requirements/dev.txt" not in rules.stdout
