"""promtool, which checks what is meant for Prometheus."""

import os
import shutil
import subprocess

import pytest


def promtool(*arguments: str, text: str | None = None) -> None:
    """Let it check something; without it the test is skipped, and fails where CI is set."""
    program = shutil.which("promtool")
    if program is None:
        reason = "promtool is not installed"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    done = subprocess.run([program, *arguments], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
