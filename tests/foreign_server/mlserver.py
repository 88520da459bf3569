"""MLServer with exported networks, as another process."""

import json
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

from tests.conftest import REPOSITORY
from tests.e2e.service import START_S, free_port, unconfigured

ENVIRONMENT = REPOSITORY / ".venv-foreign-server"
"""Where `make foreign` installs it."""
PROGRAM = ENVIRONMENT / "bin" / "mlserver"
_PARAMETER = re.compile(r'^parameters \{ key: "(\w+)" value: \{ string_value: "([^"]*)" \} \}$', re.MULTILINE)


@dataclass
class MlServer:
    """`with MlServer(folder, exported, {"their-name": "sface"}) as server: server.url`."""

    folder: Path
    exported: Path
    """What `face-api models export` has written."""
    names: dict[str, str]
    """The server's names of models, and ours."""
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = self.folder / "mlserver.log"

    def __enter__(self) -> Self:
        settings = {
            "host": "127.0.0.1",
            "http_port": self.port,
            "grpc_port": free_port(),
            "metrics_endpoint": None,
            "parallel_workers": 0,
            "gzip_enabled": False,
        }
        (self.folder / "settings.json").write_text(json.dumps(settings))
        shutil.copy(Path(__file__).with_name("onnx_runtime.py"), self.folder)
        for theirs, ours in self.names.items():
            (self.folder / theirs).mkdir()
            (self.folder / theirs / "model-settings.json").write_text(
                json.dumps(self._settings(theirs, ours))
            )
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "start", "."],
                env={
                    **unconfigured(),
                    "PYTHONPATH": str(self.folder),
                    "PATH": f"{PROGRAM.parent}:/usr/bin:/bin",
                },
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_S
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(f"MLServer did not start:\n{self.log.read_text()}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _settings(self, theirs: str, ours: str) -> dict[str, object]:
        """As an operator takes them from the exported configuration, which has Triton's form."""
        (model,) = (self.exported / ours).glob("*/model.onnx")
        stated = dict(_PARAMETER.findall((self.exported / ours / "config.pbtxt").read_text()))
        return {
            "name": theirs,
            "implementation": "onnx_runtime.OnnxModel",
            "parameters": {"uri": str(model), "version": model.parent.name, "extra": stated},
        }

    def _ready(self) -> bool:
        try:
            return all(
                httpx.get(f"{self.url}/v2/models/{name}/ready").status_code == httpx.codes.OK
                for name in self.names
            )
        except httpx.TransportError:
            return False
