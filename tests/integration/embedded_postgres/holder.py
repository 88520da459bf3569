"""Runs hold_server.py in a process of its own, as root without some rights, or as an ordinary user."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

SCRIPT = Path(__file__).with_name("hold_server.py")


def as_user(name: str) -> list[str]:
    """A prefix for a command. It may read everywhere, so that it finds an interpreter in root's home."""
    needs_setpriv()
    return [
        *("setpriv", f"--reuid={name}", "--regid=nogroup", "--clear-groups"),
        *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
    ]


def as_root_without(capability: str) -> list[str]:
    """A prefix for a command: root as containers have it."""
    needs_setpriv()
    return ["setpriv", f"--bounding-set=-{capability}"]


def needs_setpriv() -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root, with setpriv of util-linux, can become somebody else")


@contextmanager
def holding(
    data_dir: Path, *prefix: str, site: Path | None = None
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """What the process printed first, and the process; it is told to stop at the end.

    Args:
        data_dir: where the server shall be.
        prefix: a command that runs the rest as somebody else.
        site: a folder of packages that goes before those of this environment.
    """
    path = os.pathsep.join(map(str, filter(None, [site, REPOSITORY])))
    with subprocess.Popen(
        [*prefix, sys.executable, SCRIPT, data_dir],
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        yield process.stdout.readline().strip(), process
