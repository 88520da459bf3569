"""A service as a user runs it: its own process, a real socket, the installed console script."""

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import IO, Any, ClassVar, Self

import httpx

from tests.e2e.forking import SCRIPT, SERVER, ForkedProcess
from tests.shared_folder import made_once, with_models
from tests.waiting import wait_until

FACE_API = SCRIPT
START_S = 180
COMMAND_S = 600
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that speak http: to load those of all authorities takes each of them 20 ms of processor time."""
_PORTS = count(97 * os.getpid())


def free_port() -> int:
    """A port that nobody listens on, and that nobody gets by chance before the service does.

    Below those that the kernel gives to clients, and to whoever asks for any: there are thousands in a test run.
    """
    for number in _PORTS:
        port = 11_000 + number % 20_000
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError


class ServiceProcess:
    """One of the commands that answer until they are stopped, with a log of its own."""

    directory: Path
    settings: dict[str, str]
    port: int
    client: httpx.Client
    log: Path
    process: subprocess.Popen[bytes] | ForkedProcess
    ready_path: ClassVar[str]
    """Answers 200 when it is ready."""
    from_nothing: bool = False
    """Whether it is the first start, as a user has it."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.client.close()

    def command(self) -> list[str | Path]:
        raise NotImplementedError

    def start(self) -> None:
        """Start and wait until it is ready."""
        own = {"FACE_PORT": str(self.port), "FACE_DATA_DIR": str(self.directory / "data")}
        with self.log.open("ab") as log:
            self.process = self.started({**unconfigured(), **own, **self.settings}, log)
        deadline = time.monotonic() + START_S
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"it did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def started(self, environment: dict[str, str], log: IO[bytes]) -> subprocess.Popen[bytes] | ForkedProcess:
        """The process, which writes its log."""
        program, *arguments = self.command()
        if program == FACE_API and SERVER.used and not self.from_nothing:
            files = (log.fileno(), log.fileno())
            return SERVER.start(list(map(str, arguments)), environment, self.directory, files)
        return subprocess.Popen(
            [program, *arguments], env=environment, cwd=self.directory, stdout=log, stderr=log
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(120)

    def ready(self) -> bool:
        try:
            return self.client.get(self.ready_path).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False


@dataclass
class Service(ServiceProcess):
    """`with Service(directory, FACE_DATABASE_URL="memory") as service: service.client.get(...)`."""

    directory: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    from_nothing: bool = False
    """Whether it makes its database and prepares its models itself, and imports all, which takes seconds."""
    ready_path: ClassVar[str] = "/health/ready"
    under: tuple[str | Path, ...] = ()
    """A program that runs it, such as a tracer, and its arguments."""

    def __post_init__(self) -> None:
        self.client = self.new_client()
        self.log = self.directory / "service.log"

    def command(self) -> list[str | Path]:
        return [*self.under, FACE_API, "serve"]

    def start(self) -> None:
        if not self.from_nothing:
            furnish(self.directory / "data", self.settings.get("FACE_DATABASE_URL", "embedded"))
        super().start()

    def new_client(self) -> httpx.Client:
        """With connections of its own, which another process may get than those of `client`."""
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=120, verify=NO_CERTIFICATES)

    def once(self, method: str, path: str, **content: Any) -> httpx.Response:
        """A request by a connection of its own."""
        with self.new_client() as client:
            return client.request(method, path, **content)

    def emptied(self) -> Self:
        """Without the people of all collections."""
        for collection in self.client.get("/api/collection").json()["data"]:
            address = {"collection": collection["name"], "limit": 1000}
            for person in self.client.get("/api/profile", params=address).json()["data"]:
                self.client.delete(f"/api/profile/{person['id']}")
        return self

    def guarded(self) -> None:
        """Wait until it has noticed that there are keys, which it does within a second."""
        wait_until(lambda: self.client.get("/api/model").status_code == httpx.codes.UNAUTHORIZED)

    def register(self, name: str, image: bytes, **query: str) -> httpx.Response:
        """POST /api/face/register."""
        return self.client.post(
            "/api/face/register", params={"name": name, **query}, files={"image": ("photo", image)}
        )

    def recognize(self, image: bytes, **query: str) -> httpx.Response:
        """POST /api/face/recognize."""
        return self.client.post("/api/face/recognize", params=query, files={"image": ("photo", image)})


@cache
def first_start() -> Path:
    """The data directory of a service that has been started and stopped once, with nobody in it."""

    def start(folder: Path) -> None:
        with_models(folder / "data")
        with Service(folder, from_nothing=True):
            pass
        # A cluster's copies outlive no machine: they need not wait for the disk.
        with (folder / "data" / "postgres" / "postgresql.auto.conf").open("a") as configuration:
            configuration.write("fsync = off\nfull_page_writes = off\n")

    return made_once("first-start", start) / "data"


def furnish(data: Path, database: str = "embedded") -> None:
    """Make a data directory as the first start leaves it, if there is none."""
    if data.exists():
        return
    with_models(data)
    if database == "embedded":
        made = [first_start() / name for name in ("postgres", "postgres.grants")]
        subprocess.run(["cp", "-a", *made, data], check=True)  # as it belongs to another account


def unconfigured() -> dict[str, str]:
    """This process's environment without what configures the service."""
    return {key: value for key, value in os.environ.items() if not key.startswith("FACE_")}


def face_api(directory: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return completed(directory, str(FACE_API), *arguments, **settings)


def refused_start(directory: Path, **settings: str) -> str:
    """The line with which `serve` gives up, with people in memory and the models of all tests."""
    furnish(directory / "data", "memory")
    here = {"FACE_DATABASE_URL": "memory", "FACE_PORT": str(free_port())}
    result = face_api(directory, "serve", **{**here, **settings})
    assert result.returncode == 1
    return one_line(result.stderr)


def completed(directory: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run any program until it ends by itself."""
    environment = {**unconfigured(), **settings}
    if command[0] == str(FACE_API) and SERVER.used:
        return _forked(directory, command[1:], environment)
    return subprocess.run(
        command,
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )


def _forked(
    directory: Path, arguments: Sequence[str], environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = SERVER.start(arguments, environment, directory, (output.fileno(), errors.fileno()))
        try:
            status = process.wait(COMMAND_S)
        finally:
            process.kill()
        for file in (output, errors):
            file.seek(0)
        return subprocess.CompletedProcess(process.args, status, output.read(), errors.read())


def one_line(stderr: str) -> str:
    """What a command said, apart from its log, which must be one line."""
    lines = [line for line in stderr.splitlines() if " INFO " not in line]
    assert len(lines) == 1, stderr
    return lines[0]
