"""Detection, recognition and the main API as three processes."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.e2e.model_service import ModelService
from tests.e2e.service import Service, face_api, first_start, one_line
from tests.waiting import wait_until

KEY = "a-key-between-services"
DEADLINE_S = 10.0
SLACK_S = 15.0
"""For a loaded machine, beside the deadline."""
ENOUGH = 12
"""Answers of four clients in a row that tell that all have their way again."""


@dataclass
class Services:
    """The three."""

    api: Service
    detection: ModelService
    recognition: ModelService

    @property
    def models(self) -> tuple[ModelService, ModelService]:
        return self.detection, self.recognition


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("services")
    (folder / "data").mkdir()
    (folder / "data" / "prepared").symlink_to(first_start() / "prepared")
    settings = {"FACE_SERVICE_KEY": KEY}
    with (
        ModelService(folder, "detection", settings) as detection,
        ModelService(folder, "recognition", settings) as recognition,
    ):
        own = tmp_path_factory.mktemp("api")
        with Service(
            own,
            {
                **settings,
                "FACE_DATABASE_URL": "memory",
                "FACE_DETECTION_URL": detection.url,
                "FACE_RECOGNITION_URL": recognition.url,
                "FACE_SERVICE_TIMEOUT_S": str(DEADLINE_S),
                "FACE_MODELS_DIR": str(own / "no-models"),
            },
            from_nothing=True,
        ) as api:
            yield Services(api, detection, recognition)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("alone"), {"FACE_DATABASE_URL": "memory"}) as service:
        yield service


def test_the_tour_of_recognition(services: Services, portraits: list[bytes]) -> None:
    api = services.api
    people = [f"person {n}" for n in range(len(portraits))]
    for name, photo in zip(people, portraits, strict=True):
        answer = api.register(name, photo)
        assert answer.status_code == 200, answer.text
    for name, photo in zip(people, portraits, strict=True):
        answer = api.recognize(photo)
        assert (answer.status_code, answer.json()["data"]["name"]) == (200, name)
    listed = api.client.get("/api/model").json()["data"]
    installed = {model["name"]: model["installed"] for model in listed}
    assert installed["yunet"]
    assert installed["sface"]
    assert not installed["arcface_r100"]


@pytest.mark.parametrize("path", ["detect", "embed", "liveness"])
def test_answers_are_those_of_one_process(
    services: Services, alone: Service, portraits: list[bytes], landscape: bytes, path: str
) -> None:
    for photo in (*portraits, landscape):
        here, there = (
            one.client.post(f"/api/face/{path}", files={"image": ("photo", photo)})
            for one in (alone, services.api)
        )
        assert there.status_code == here.status_code
        same(here.json(), there.json())


EXECUTION = {"engine", "precision"}
"""What runs a model is known to the process that does."""


def same(here: object, there: object) -> None:
    """Equal, numbers to 1e-4 of them or 1e-5."""
    match here, there:
        case dict(), dict():
            shown = here.keys() - {"timestamp", *EXECUTION}
            assert shown == there.keys() - {"timestamp"}
            for key in shown:
                same(here[key], there[key])
        case list(), list():
            assert len(here) == len(there)
            for one, other in zip(here, there, strict=True):
                same(one, other)
        case float(), float():
            np.testing.assert_allclose(there, here, rtol=1e-4, atol=1e-5)
        case _:
            assert here == there


def test_the_api_has_loaded_no_model(services: Services, portraits: list[bytes]) -> None:
    assert services.api.recognize(portraits[0]).status_code in {200, 404}
    assert not (services.api.directory / "data" / "prepared").exists()


def test_one_request_id_is_in_all_logs(services: Services, portraits: list[bytes]) -> None:
    name = "tour-through-three"
    answer = services.api.client.post(
        "/api/face/embed", files={"image": ("photo", portraits[0])}, headers={"X-Request-Id": name}
    )
    assert answer.headers["X-Request-Id"] == name
    for log in (services.api.log, *(service.log for service in services.models)):
        lines = [line for line in log.read_text().splitlines() if f"request={name}" in line]
        assert len(lines) == 1, log


def test_no_photo_and_no_key_is_in_a_log(services: Services) -> None:
    for service in (services.api, *services.models):
        assert KEY not in service.log.read_text()


def embedded(answer: httpx.Response) -> str:
    """The embedding of an answer, to three digits."""
    (face,) = answer.json()["data"]
    return ",".join(f"{number:.3f}" for number in face["embedding"])


@dataclass
class Load:
    """Clients who have one photo embedded again and again."""

    api: Service
    photo: bytes
    answers: list[tuple[float, float, int, str]] = field(default_factory=list)
    """When each came, how long it took, its status and its code or embedding."""

    def well_since(self, begin: float) -> bool:
        """Whether the latest answers, of those after a time, are all 200."""
        latest = [status for at, _, status, _ in self.answers if at > begin][-ENOUGH:]
        return latest == [200] * ENOUGH

    def run(self, stop: threading.Event) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{self.api.port}", timeout=120) as client:
            while not stop.is_set():
                began = time.monotonic()
                answer = client.post("/api/face/embed", files={"image": ("photo", self.photo)})
                found = embedded(answer) if answer.status_code == 200 else answer.json()["code"]
                took = time.monotonic() - began
                self.answers.append((time.monotonic(), took, answer.status_code, found))
                if answer.status_code == 503:
                    assert answer.headers["Retry-After"]
                    time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
@pytest.mark.parametrize("which", [0, 1], ids=["detection", "recognition"])
def test_a_service_that_goes_under_load_comes_back(
    services: Services, portraits: list[bytes], which: int, number: signal.Signals
) -> None:
    victim = services.models[which]
    expected = embedded(services.api.client.post("/api/face/embed", files={"image": ("photo", portraits[0])}))
    load, stop = Load(services.api, portraits[0]), threading.Event()
    threads = [threading.Thread(target=load.run, args=(stop,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: load.answers)
        if number == signal.SIGSTOP:
            os.kill(victim.process.pid, number)
        else:
            victim.stop(number)
        wait_until(lambda: services.api.client.get("/health/ready").status_code == 503)
        wait_until(lambda: "model_unavailable" in {found for _, _, _, found in load.answers})
        ready = services.api.client.get("/health/ready")
        assert ready.status_code == 503
        assert ready.json()["code"] == "model_unavailable"
        assert victim.tasks in ready.json()["detail"]
        if number == signal.SIGSTOP:
            os.kill(victim.process.pid, signal.SIGCONT)
        else:
            victim.start()
        back = time.monotonic()
        wait_until(lambda: load.well_since(back))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    kinds = {(status, found) for _, _, status, found in load.answers}
    assert kinds <= {(200, expected), (503, "model_unavailable"), (503, "busy")}
    assert (503, "model_unavailable") in kinds
    assert max(took for _, took, _, _ in load.answers) < DEADLINE_S + SLACK_S
    assert services.api.client.get("/health/ready").status_code == 200


def test_a_full_queue_there_is_busy_here(tmp_path: Path, astronaut: bytes) -> None:
    with ModelService(tmp_path, "detection,recognition", {"FACE_QUEUE": "0", "FACE_WORKERS": "1"}) as models:
        settings = {
            "FACE_DATABASE_URL": "memory",
            "FACE_DETECTION_URL": models.url,
            "FACE_RECOGNITION_URL": models.url,
        }
        with Service(tmp_path, settings, from_nothing=True) as api:
            found: list[tuple[int, str]] = []

            def ask() -> None:
                answer = httpx.post(
                    f"http://127.0.0.1:{api.port}/api/face/embed",
                    files={"image": ("photo", astronaut)},
                    timeout=60,
                )
                found.append((answer.status_code, answer.json().get("code", "")))

            threads = [threading.Thread(target=ask) for _ in range(16)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert set(found) == {(200, ""), (503, "busy")}


def test_a_wrong_key_is_no_answer(services: Services) -> None:
    answer = httpx.get(
        f"{services.detection.url}/v2/models/yunet",
        headers={"Authorization": "Bearer another-key-of-services"},
        timeout=60,
    )
    assert answer.status_code == 401
    assert json.loads(answer.text)["error"]


def test_without_a_key_other_machines_are_not_answered(tmp_path: Path) -> None:
    told = face_api(tmp_path, "serve-models", "--host", "0.0.0.0", "--port", "0")  # noqa: S104
    assert told.returncode == 1
    assert "FACE_SERVICE_KEY" in one_line(told.stderr)


@pytest.mark.parametrize("arguments", [["--tasks", "nothing"], ["--tasks", ""], ["--models", "nobody"]])
def test_what_cannot_be_served_is_said(tmp_path: Path, arguments: list[str]) -> None:
    told = face_api(tmp_path, "serve-models", "--port", "0", *arguments)
    assert told.returncode in {1, 2}
    assert "Traceback" not in told.stderr


def test_a_short_key_is_refused_and_not_repeated(tmp_path: Path) -> None:
    told = face_api(tmp_path, "serve-models", FACE_SERVICE_KEY="short-one")
    assert told.returncode == 1
    assert "FACE_SERVICE_KEY" in told.stderr
    assert "short-one" not in told.stderr


def test_a_half_sent_body_is_given_up_in_the_form_of_the_protocol(tmp_path: Path) -> None:
    with ModelService(tmp_path, "detection", {"FACE_BODY_TIMEOUT_S": "1"}) as models:
        with socket.create_connection(("127.0.0.1", models.port)) as connection:
            connection.sendall(
                b"POST /v2/models/yunet/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n{"
            )
            connection.settimeout(120)
            answer = b""
            while part := connection.recv(4096):
                answer += part
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert set(json.loads(answer.partition(b"\r\n\r\n")[2])) == {"error", "code"}
        assert models.ready()


def test_several_processes_serve_models(tmp_path: Path) -> None:
    with ModelService(tmp_path, "recognition", {"FACE_PROCESSES": "2"}) as models:
        assert models.client.get("/v2/models/sface").status_code == 200
        assert models.stop() == 0
        assert "processes 2" in models.log.read_text()
        models.start()
