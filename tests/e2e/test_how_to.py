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

import httpx
import pytest

from entrypoints.bootstrap.settings import PROJECT
from tests.e2e import programs
from tests.e2e.nginx import proxy
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
    folder = tmp_path / "bin"
    programs.install(folder)
    (folder / "curl").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
    (folder / "curl").chmod(0o755)
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
    ended = programs.carry_out(commands, visitor, environment)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


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
    furnish(visitor / "data")
    files, search = blocks("photo-search.md", "sh")
    carry_out(files, visitor)
    assert '"Ada"' in (visitor / "found.json").read_text()
    service.register("Ada", astronaut)
    (face,) = json.loads(carry_out(search, visitor, service))["data"]
    assert face["candidates"][0]["name"] == "Ada"


def test_migrating(visitor: Path) -> None:
    furnish(visitor / "data")
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


def test_nginx(tmp_path: Path, visitor: Path, astronaut: bytes) -> None:
    key, serve = blocks("nginx.md", "sh")
    (configuration,) = blocks("nginx.md", "nginx")
    settings = dict(re.findall(r"(FACE_\w+)=(\S+)", serve))
    carry_out(serve, visitor)
    with Service(tmp_path, {**settings, "FACE_DATABASE_URL": "embedded"}) as service:
        secret = carry_out(key, visitor).strip().splitlines()[-1]
        service.guarded()
        with proxy(configuration, service.port) as port:
            address = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=address, headers={"Host": "example.org"}, timeout=60) as client:
                moved = client.get("/faces")
                assert (moved.status_code, moved.headers["Location"].endswith("/faces/")) == (301, True)
                assert "/faces" in client.get("/faces/openapi.json").json()["servers"][0]["url"]
                for page in ("", "console", "health/ready"):
                    assert client.get(f"/faces/{page}").status_code == 200
                for headers, status in (({}, 401), ({"X-API-Key": secret}, 200)):
                    photo = {"image": ("photo", astronaut)}
                    register = "/faces/api/face/register?name=Ada"
                    assert client.post(register, files=photo, headers=headers).status_code == status
                assert client.get("/faces/", headers={"Host": "evil.example"}).status_code == 403
                assert len(client.get("/faces/health/live").headers["X-Request-ID"]) == 32


def test_compose(visitor: Path) -> None:
    start, commands, services = blocks("compose.md", "sh")
    shutil.copy(PROJECT / ".env.example", visitor)
    assert "face_" in carry_out(start, visitor)
    (visitor / ".env").unlink()
    furnish(visitor / "data")
    assert "1 enrolled" in carry_out(commands, visitor)
    carry_out(services, visitor)


def test_kubernetes(visitor: Path) -> None:
    build, secret, apply, use = blocks("kubernetes.md", "sh")
    furnish(visitor / "data")
    for commands in (build, secret, apply):
        carry_out(commands, visitor)
    assert "face_" in carry_out(use, visitor)


def test_backup(visitor: Path) -> None:
    backup, restore, with_docker, files, sql = blocks("backup.md", "sh")
    carry_out("face-api enroll people --init", visitor)
    carry_out(backup, visitor)
    (visitor / "old").mkdir()
    (visitor / "data").rename(visitor / "old" / "data")
    furnish(visitor / "data")
    assert "1 person" in carry_out(restore, visitor)
    out, back = with_docker.splitlines()
    carry_out(out, visitor)
    shutil.rmtree(visitor / "data")
    furnish(visitor / "data")
    assert "1 person" in carry_out(back, visitor)
    carry_out(files, visitor)
    assert (visitor / "face-backup.tar.gz").stat().st_mode & 0o077 == 0
    carry_out(sql, visitor)


def test_upgrade(visitor: Path) -> None:
    ours, with_docker = blocks("upgrade.md", "sh")
    furnish(visitor / "data")
    for commands in (ours, with_docker):
        carry_out(commands, visitor)
        assert (visitor / "before.zip").is_file()
        (visitor / "before.zip").unlink()


def test_weights(tmp_path: Path, visitor: Path, assets: Path, astronaut: bytes) -> None:
    install, reembed, enrol, old = blocks("weights.md", "sh")
    shutil.copy(assets / "models" / "arcface_mobilefacenet_128.onnx", visitor)
    with Service(tmp_path, {"FACE_DATABASE_URL": "embedded", "FACE_STORE_CROPS": "true"}) as service:
        service.register("Grace", astronaut)
        carry_out(install, visitor)
        assert "1 face embedded" in carry_out(reembed, visitor)
        new = {"recognition_model": "arcface_mobilefacenet_128"}
        assert service.recognize(astronaut, **new).json()["data"]["name"] == "Grace"
        carry_out(enrol, visitor)
        (face,) = json.loads(carry_out(old, visitor, service))["data"]
        assert (face["name"], face["recognition_model"]) == ("Grace", "sface")


def test_every_page_is_tried() -> None:
    names = {path.stem.replace("-", "_") for path in FOLDER.glob("*.md")}
    assert names == {name.removeprefix("test_") for name in globals() if name.startswith("test_")} - {
        "every_page_is_tried"
    }
