"""Completion in shells."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from entrypoints.cli.completion import VARIABLE

FACE_API = Path(sys.executable).with_name("face-api")


def completed(line: str) -> list[str]:
    """What bash would be offered for the last word of a line."""
    words = line.split(" ")
    told = subprocess.run(
        [FACE_API],
        env={**os.environ, VARIABLE: "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [entry.partition(",")[2] for entry in told.stdout.split()]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_it_understands(shell: str, tmp_path: Path) -> None:
    script = subprocess.check_output([FACE_API, "completion", shell], text=True)
    assert f"{VARIABLE}={shell}_complete" in script
    assert "face-api" in script
    if program := shutil.which(shell):
        (tmp_path / "script").write_text(script)
        subprocess.run([program, "-n", tmp_path / "script"], check=True)


def test_commands_options_and_values_are_completed() -> None:
    assert completed("face-api ex") == ["export"]
    assert completed("face-api --ver") == ["--version"]
    assert completed("face-api models ve") == ["verify"]
    assert completed("face-api enroll --on") == ["--on-conflict"]
    assert "reject" in completed("face-api enroll --on-conflict ")
    assert completed("face-api nothing") == []
