"""`face-api serve-models` as another service finds it: its own process, a real socket."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import httpx

from tests.e2e.service import FACE_API, NO_CERTIFICATES, Service, ServiceProcess, free_port, furnish


@dataclass
class ModelService(ServiceProcess):
    """`with ModelService(directory, "detection") as service: service.url`."""

    directory: Path
    tasks: str
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    tls: ssl.SSLContext | None = None
    """What the test itself trusts and shows, where the service serves https."""
    ready_path: ClassVar[str] = "/v2/health/ready"

    def __post_init__(self) -> None:
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=120, verify=self.tls or NO_CERTIFICATES)
        self.log = self.directory / f"models-{self.port}.log"

    def start(self) -> None:
        furnish(self.directory / "data", "memory")
        super().start()

    def command(self) -> list[str | Path]:
        return [FACE_API, "serve-models", "--tasks", self.tasks]


@contextmanager
def three_services(
    folder: Path, key: str = "", **settings: str
) -> Iterator[tuple[Service, ModelService, ModelService]]:
    """The API, detection and recognition; the API's data directory has no models.

    Args:
        folder: of all of them.
        key: FACE_SERVICE_KEY.
        settings: of the API.
    """
    models, api = folder / "models", folder / "api"
    for one in (models, api, api / "data"):
        one.mkdir()
    own = {"FACE_SERVICE_KEY": key}
    with (
        ModelService(models, "detection", own) as detection,
        ModelService(models, "recognition", own) as recognition,
        Service(
            api,
            {
                **own,
                "FACE_DATABASE_URL": "memory",
                "FACE_DETECTION_URL": detection.url,
                "FACE_RECOGNITION_URL": recognition.url,
                "FACE_MODELS_DIR": str(api / "no-models"),
                **settings,
            },
        ) as service,
    ):
        yield service, detection, recognition
