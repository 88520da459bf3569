"""The image and its composition, as far as they can be checked where no engine is."""

import re
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from dotenv import dotenv_values

from entrypoints.bootstrap.settings import PROJECT, load_settings
from entrypoints.cli.serve import STOP_S
from tests.e2e.service import free_port
from tests.integration.dockerfile import Image, build, context_files

COMPOSE = PROJECT / "docker" / "compose.yaml"
DOCKERFILE = PROJECT / "docker" / "Dockerfile"
START_S = 180


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return loaded


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return build(PROJECT, DOCKERFILE, tmp_path_factory.mktemp("docker"))


@pytest.fixture(scope="module")
def wheel(image: Image) -> list[str]:
    (path,) = (image.workshop / "build" / "wheels").glob("*.whl")
    return zipfile.ZipFile(path).namelist()


# -- the composition


def test_the_composition_follows_the_compose_specification() -> None:
    validator = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    result = subprocess.run([*validator, COMPOSE], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_the_example_environment_is_all_that_the_composition_needs() -> None:
    example = dotenv_values(PROJECT / ".env.example")
    assert PROJECT / str(example["COMPOSE_FILE"]) == COMPOSE
    required = re.findall(r"\$\{(\w+):\?", COMPOSE.read_text())
    assert required
    assert all(example[key] for key in required)


def test_a_password_is_never_written_into_the_composition(services: dict[str, dict[str, Any]]) -> None:
    passwords = [
        value
        for service in services.values()
        for key, value in service["environment"].items()
        if "PASSWORD" in key
    ]
    assert len(passwords) == 2
    assert all(password.startswith("${POSTGRES_PASSWORD:?") for password in passwords)


def test_the_api_starts_on_a_healthy_database(services: dict[str, dict[str, Any]]) -> None:
    assert services["api"]["depends_on"]["db"]["condition"] == "service_healthy"
    assert services["db"]["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]


def test_nothing_but_the_api_is_published_and_that_to_this_machine(
    services: dict[str, dict[str, Any]],
) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"api": ["${FACE_HOST:-127.0.0.1}:${FACE_PORT:-5000}:5000"]}


def test_the_composition_fits_the_image(services: dict[str, dict[str, Any]], image: Image) -> None:
    api = services["api"]
    context = COMPOSE.parent / api["build"]["context"]
    assert context.resolve() == PROJECT
    assert context.resolve() / api["build"]["dockerfile"] == DOCKERFILE
    assert [volume.partition(":")[2] for volume in api["volumes"]] == image.volumes
    assert int(api["stop_grace_period"].removesuffix("s")) > STOP_S
    settings = load_settings(api["environment"], Path("/nonexistent"))
    assert [str(settings.data_dir), str(settings.models_dir)] == image.volumes


# -- the image


def test_only_what_the_image_is_made_of_reaches_the_engine(tmp_path: Path) -> None:
    wanted = {
        "pyproject.toml",
        "README.md",
        "domain/faces.py",
        "static/models.toml",
        "requirements/build.txt",
        "requirements/cuda.txt",
        "requirements/spare.py",
    }
    unwanted = {
        ".env",
        ".git/config",
        ".venv/bin/python",
        "data/postgres/base/1",
        "domain/__pycache__/faces.cpython-311.pyc",
        "me.jpg",
        "requirements/dev.txt",
        "static/models/big.onnx",
        "tests/test_faces.py",
    }
    for name in wanted | unwanted:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".dockerignore").write_text((PROJECT / ".dockerignore").read_text())
    assert context_files(tmp_path) == wanted


def test_the_wheel_has_code_migrations_pages_and_the_catalogue(wheel: list[str]) -> None:
    ours = [
        path
        for folder in ("domain", "application", "adapters", "entrypoints")
        for path in (PROJECT / folder).rglob("*.py")
    ]
    static = [PROJECT / "static" / "models.toml", *(PROJECT / "static" / "docs").iterdir()]
    assert {str(path.relative_to(PROJECT)) for path in [*ours, *static]} <= set(wheel)
    assert any(name.startswith("adapters/postgres/migrations/versions/r0001") for name in wheel)


def test_the_wheel_has_neither_weights_nor_tests_nor_data(wheel: list[str]) -> None:
    roots = {name.partition("/")[0] for name in wheel if ".dist-info/" not in name}
    assert roots == {"domain", "application", "adapters", "entrypoints", "static"}
    assert not [name for name in wheel if name.endswith((".onnx", ".npy", ".jpg"))]


def test_the_image_has_no_tools(image: Image) -> None:
    packages = next((image.root / "opt/face/lib").glob("python*/site-packages"))
    names = {path.name.partition("-")[0] for path in packages.glob("*.dist-info")}
    assert "face_api" in names
    assert not names & {"pip", "setuptools", "hatchling", "pytest", "ruff", "mypy", "uv"}
    assert {path.name for path in image.root.iterdir()} == {"opt", "data", "models"}


def test_the_image_runs_as_an_ordinary_user_who_alone_may_read_the_data(image: Image) -> None:
    assert int(image.user) >= 10_000
    assert f"useradd --uid {image.user} " in DOCKERFILE.read_text()
    for volume in image.volumes:
        assert stat.S_IMODE((image.root / volume.lstrip("/")).stat().st_mode) == 0o700


def test_the_image_starts_becomes_healthy_and_stops(image: Image) -> None:
    port = free_port()
    environment = {**image.environment, "FACE_PORT": str(port)}
    check = image.health_check
    assert subprocess.run(check, env=environment, capture_output=True, check=False).returncode != 0
    with _started(image, environment) as process:
        deadline = time.monotonic() + START_S
        while subprocess.run(check, env=environment, capture_output=True, check=False).returncode != 0:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        page = httpx.get(f"http://127.0.0.1:{port}/", timeout=60)
        assert page.status_code == 200
        process.terminate()
        assert process.wait(120) == 0
    assert list((image.root / "data").iterdir())


@contextmanager
def _started(image: Image, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(image.command, env=environment, cwd=image.directory)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
