"""The API with networks that a server runs which isn't ours."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.service import Service, face_api
from tests.e2e.test_services import same
from tests.foreign_server.mlserver import PROGRAM, MlServer

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="make foreign installs it")

LIVENESS = "minifasnet_v2"
NAMES = {"faces": "yunet", "embeddings": "sface", "attacks": LIVENESS}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, assets: Path) -> Path:
    """A data directory with an anti-spoofing model."""
    data = tmp_path_factory.mktemp("here") / "data"
    (data / "models").mkdir(parents=True)
    shutil.copy(assets / "models" / "MiniFASNetV2.onnx", data / "models")
    return data


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[MlServer]:
    exported = tmp_path_factory.mktemp("exported")
    told = face_api(exported, "models", "export", str(exported), *NAMES.values(), FACE_DATA_DIR=str(models))
    assert told.returncode == 0, told.stderr
    with MlServer(tmp_path_factory.mktemp("mlserver"), exported, NAMES) as running:
        yield running


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, server: MlServer) -> Iterator[Service]:
    detection, recognition, liveness = (f"{server.url}/v2/models/{name}" for name in NAMES)
    settings = {
        "FACE_DATABASE_URL": "memory",
        "FACE_DETECTION_URL": detection,
        "FACE_RECOGNITION_URL": recognition,
        "FACE_ANTI_SPOOFING_URL": liveness,
        "FACE_LIVENESS_MODELS": LIVENESS,
        "FACE_SERVICE_TIMEOUT_S": "60",
        "FACE_DEADLINE_S": "120",
    }
    with Service(tmp_path_factory.mktemp("api"), settings, from_nothing=True) as service:
        yield service


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Service]:
    settings = {
        "FACE_DATABASE_URL": "memory",
        "FACE_MODELS_DIR": str(models / "models"),
        "FACE_LIVENESS_MODELS": LIVENESS,
    }
    with Service(tmp_path_factory.mktemp("alone"), settings) as service:
        yield service


def test_the_tour(api: Service, portraits: list[bytes]) -> None:
    for number, photo in enumerate(portraits):
        answer = api.register(f"person {number}", photo)
        assert answer.status_code == 200, answer.text
    for number, photo in enumerate(portraits):
        answer = api.recognize(photo)
        assert (answer.status_code, answer.json()["data"]["name"]) == (200, f"person {number}")


def test_answers_are_those_of_one_process(
    api: Service, alone: Service, portraits: list[bytes], astronaut: bytes
) -> None:
    for path in ("detect", "embed"):
        for photo in (*portraits[:3], astronaut):
            here, there = (
                one.client.post(f"/api/face/{path}", files={"image": ("photo", photo)})
                for one in (alone, api)
            )
            assert there.status_code == here.status_code == 200
            same(here.json(), there.json())


def test_attacks_are_examined(api: Service, alone: Service, assets: Path) -> None:
    for path in sorted((assets / "faces" / "spoof").glob("*.jpg")):
        here, there = (
            one.client.post("/api/face/liveness", files={"image": ("photo", path.read_bytes())}).json()[
                "data"
            ]
            for one in (alone, api)
        )
        assert there["live"] == here["live"]
        assert there["score"] == pytest.approx(here["score"], abs=1e-3)


def test_it_is_ready_and_says_what_is_there(api: Service) -> None:
    assert api.client.get("/health/ready").status_code == 200
    listed = {model["name"]: model["installed"] for model in api.client.get("/api/model").json()["data"]}
    assert listed["yunet"]
    assert listed["sface"]
    assert not listed["arcface_r100"]


def test_other_weights_are_refused(tmp_path: Path, server: MlServer, astronaut: bytes) -> None:
    settings = {
        "FACE_DATABASE_URL": "memory",
        "FACE_DETECTION_URL": f"{server.url}/v2/models/embeddings",
        "FACE_RECOGNITION_URL": f"{server.url}/v2/models/embeddings",
    }
    with Service(tmp_path, settings, from_nothing=True) as service:
        answer = service.client.post("/api/face/embed", files={"image": ("photo", astronaut)})
        assert (answer.status_code, answer.json()["code"]) == (503, "broken_model")
