"""The pages of docs/how-to are true: their commands are carried out."""

import configparser
import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from entrypoints.bootstrap.settings import PROJECT
from tests.e2e.service import FACE_API, Service, furnish
from tests.e2e.test_readme import BLOCKS, STAND_IN

FOLDER = PROJECT / "docs" / "how-to"


@pytest.fixture
def visitor(tmp_path: Path, astronaut: bytes) -> Path:
    """A folder with photos of one person, and programs by the names that the pages use."""
    for path in ("me-again.jpg", "people/Ada/1.jpg", "arrivals/door-0001.jpg", "archive/2026/1.jpg"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(astronaut)
    shutil.copy(PROJECT / "docs" / "examples" / "attendance.py", tmp_path)
    furnish(tmp_path / "data", "memory")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "face-api").symlink_to(FACE_API)
    (programs / "python3").symlink_to(sys.executable)
    (programs / "curl").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
    (programs / "curl").chmod(0o755)
    return tmp_path


def blocks(page: str, kind: str) -> list[str]:
    """The blocks of one kind on a page."""
    return [text for found, text in BLOCKS.findall((FOLDER / page).read_text()) if found == kind]


def carry_out(commands: str, visitor: Path, service: Service | None = None) -> str:
    """Run commands as a visitor would; what they print."""
    environment = {**os.environ, "PATH": f"{visitor / 'bin'}:{os.environ['PATH']}"}
    if service is not None:
        address = f"127.0.0.1:{service.port}"
        commands = commands.replace("localhost:5000", address)
        commands = commands.replace("attendance.py", f"attendance.py --url http://{address}")
    return subprocess.check_output(
        ["sh", "-ec", commands], cwd=visitor, env=environment, text=True, timeout=600
    )


def test_attendance(service: Service, visitor: Path, astronaut: bytes) -> None:
    _, watch = blocks("attendance.md", "sh")
    ((_, name, photo),) = csv.reader(blocks("attendance.md", "csv"))
    service.register(name, astronaut)
    carry_out(watch, visitor, service)
    ((time, *line),) = csv.reader((visitor / "attendance.csv").read_text().splitlines())
    assert line == [name, photo]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", time)


def test_door(service: Service, visitor: Path, astronaut: bytes) -> None:
    (command,), (answer,) = blocks("door.md", "sh"), blocks("door.md", "json")
    service.register("Ada", astronaut)
    documented, real = json.loads(answer)["data"], json.loads(carry_out(command, visitor, service))["data"]
    assert list(documented) == list(real)
    assert documented["verdict"] == real["verdict"] == "match"


def test_photo_search(service: Service, visitor: Path, astronaut: bytes) -> None:
    files, search = blocks("photo-search.md", "sh")
    carry_out(files, visitor)
    assert '"Ada"' in (visitor / "found.json").read_text()
    service.register("Ada", astronaut)
    (face,) = json.loads(carry_out(search, visitor, service))["data"]
    assert face["candidates"][0]["name"] == "Ada"


def test_migrating(visitor: Path) -> None:
    (command,) = blocks("migrating.md", "sh")
    carry_out(command, visitor)
    assert json.loads((visitor / "enrolled.json").read_text())["enrolled"] == 1


def test_systemd(tmp_path: Path) -> None:
    (unit,) = blocks("systemd.md", "ini")
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit)
    assert parser["Service"]["ExecStart"].endswith("/face-api serve")
    verify = shutil.which("systemd-analyze")
    if verify is None:
        return
    (tmp_path / "face-api.service").write_text(
        unit.replace("/opt/face-api/.venv/bin/face-api", str(FACE_API))
    )
    told = subprocess.run(
        [verify, "verify", tmp_path / "face-api.service"], capture_output=True, text=True, check=False
    )
    assert "face-api.service:" not in told.stderr, told.stderr


def test_every_page_is_tried() -> None:
    names = {path.stem.replace("-", "_") for path in FOLDER.glob("*.md")}
    assert names == {name.removeprefix("test_") for name in globals() if name.startswith("test_")} - {
        "every_page_is_tried"
    }
