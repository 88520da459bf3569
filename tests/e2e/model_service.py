"""`face-api serve-models` as another service finds it: its own process, a real socket."""

import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

from tests.e2e.service import FACE_API, START_S, free_port, unconfigured


@dataclass
class ModelService:
    """`with ModelService(directory, "detection") as service: service.url`."""

    directory: Path
    tasks: str
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=120)
        self.log = self.directory / f"models-{self.port}.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.client.close()

    def start(self) -> None:
        """Start and wait until it is ready."""
        own = {"FACE_PORT": str(self.port), "FACE_DATA_DIR": str(self.directory / "data")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [FACE_API, "serve-models", "--tasks", self.tasks],
                env={**unconfigured(), **own, **self.settings},
                cwd=self.directory,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_S
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"the model service did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(120)

    def ready(self) -> bool:
        try:
            return self.client.get("/v2/health/ready").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False
