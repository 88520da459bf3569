"""From `git clone` to the first recognised face: `python -m tests.benchmarks.first_face`.

Clones this repository into a temporary folder and does what the README says, with empty caches of pip and uv.
Without Docker; the network is this machine's.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import httpx

from tests.benchmarks.load import HOST
from tests.benchmarks.machine import this_machine
from tests.benchmarks.served import free_port
from tests.conftest import REPOSITORY

TIMEOUT_S = 900.0
FACES = Path("static/demo/people")
"""In the clone: drawn faces, by the people's names."""


@click.command()
@click.option("--repository", default=str(REPOSITORY), show_default=True, help="what is cloned")
@click.option("--warm", is_flag=True, help="with what the caches of pip and uv have")
def main(repository: str, *, warm: bool) -> None:
    """Tell how long each step takes."""
    machine = this_machine()
    click.echo(f"{machine.processor}, {machine.cores} cores, load {machine.load}")
    environment = {
        key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}
    }
    environment |= {} if warm else {"UV_NO_CACHE": "1", "PIP_NO_CACHE_DIR": "1"}
    environment |= {"FACE_PORT": str(free_port()), "FACE_HOST": HOST}
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="first-face-") as folder:
        clone = Path(folder) / "face-api"
        with _told("git clone"):
            subprocess.run(["git", "clone", "--quiet", repository, clone], check=True)
        with _told("make runtime"):
            subprocess.run(["make", "--silent", "runtime"], cwd=clone, env=environment, check=True)
        with _served(clone, environment) as client:
            with _told("make run, until it is ready"):
                _wait(client)
            for step, path in (("register", "register?name=Kim"), ("recognize", "recognize")):
                with _told(step):
                    answer = client.post(
                        f"/api/face/{path}", files={"image": (clone / FACES / "Kim.webp").read_bytes()}
                    )
                    if answer.json().get("data", {}).get("name") != "Kim":
                        raise click.ClickException(answer.text)
            click.echo(f"{time.perf_counter() - began:6.1f} s in all")
        size = shutil.which("du") and subprocess.check_output(
            ["du", "-s", "--block-size=1000000", ".venv"], cwd=clone
        )
        click.echo(f"{int(size.split()[0])} MB in .venv" if size else "")


@contextmanager
def _told(step: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    click.echo(f"{time.perf_counter() - began:6.1f} s {step}")


@contextmanager
def _served(clone: Path, environment: dict[str, str]) -> Iterator[httpx.Client]:
    """The service, as `make run` starts it."""
    with (clone.parent / "service.log").open("wb") as log:
        process = subprocess.Popen(
            ["make", "--silent", "run"],
            cwd=clone,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        with httpx.Client(base_url=f"http://{HOST}:{environment['FACE_PORT']}", timeout=60) as client:
            yield client
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


def _wait(client: httpx.Client) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            if client.get("/health/ready").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise click.ClickException("the service did not start")


if __name__ == "__main__":
    main()
