"""Running the commands on many photos, as an operator does."""

import json
from pathlib import Path
from typing import Any

from tests.e2e.service import face_api, furnish

EXACT = {"FACE_PRECISION": "float"}
"""Similarities of embeddings: those of estimates are others, and the first answers of a service have none."""
LARGEST = ("--faces", "largest")


def settings(folder: Path, **more: str) -> dict[str, str]:
    furnish(folder / "data")
    return {"FACE_DATA_DIR": str(folder / "data"), **more}


def run(folder: Path, *arguments: str | Path, **more: str) -> str:
    """What a command prints that must succeed."""
    result = face_api(folder, *map(str, arguments), **settings(folder, **more))
    assert result.returncode == 0, result.stderr
    return result.stdout


def report_of(folder: Path, *arguments: str | Path, **more: str) -> dict[str, Any]:
    """The report of a command that must succeed."""
    report: dict[str, Any] = json.loads(run(folder, *arguments, "--json", **more))
    return report


def refused(folder: Path, *arguments: str | Path, **more: str) -> str:
    """The line, behind what bars are left of it, that a command must fail with."""
    result = face_api(folder, *map(str, arguments), **settings(folder, **more))
    assert (result.returncode, result.stdout) == (1, "")
    *bars, line = result.stderr.splitlines()
    assert all("/" in bar for bar in bars), result.stderr
    return line
