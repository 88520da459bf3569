"""Detection, recognition and the main API as three processes."""

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.e2e.model_service import ModelService, three_services
from tests.e2e.service import Service, face_api, one_line
from tests.faults.services import DEADLINE_S, MISSING, Load, all_right_since, away
from tests.waiting import wait_until

KEY = "a-key-between-services"
SLACK_S = 30.0
"""For a loaded machine, beside the deadline."""


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
    with three_services(folder, KEY, FACE_SERVICE_TIMEOUT_S=str(DEADLINE_S)) as running:
        yield Services(*running)


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
    deadline = time.monotonic() + 30  # a line is written when its answer has gone
    for log in (services.api.log, *(service.log for service in services.models)):
        while f"request={name}" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        lines = [line for line in log.read_text().splitlines() if f"request={name}" in line]
        assert lines, log  # more than one, if it was asked again


def test_no_photo_and_no_key_is_in_a_log(services: Services) -> None:
    for service in (services.api, *services.models):
        assert KEY not in service.log.read_text()


@pytest.mark.parametrize(
    ("which", "how"),
    [(0, signal.SIGKILL), (1, signal.SIGTERM), (0, signal.SIGSTOP), (1, signal.SIGSTOP)],
    ids=["detection killed", "recognition ended", "detection frozen", "recognition frozen"],
)
def test_a_service_that_goes_under_load_comes_back(
    services: Services, portraits: list[bytes], which: int, how: signal.Signals
) -> None:
    """One round of `python -m tests.faults.services`, which measures how long that takes as well."""
    victim = services.models[which]
    with Load(services.api, portraits).running() as load:
        load.until(all_right_since(0))
        with away(victim, how):
            load.until(lambda answers: any(one.what == MISSING for one in answers))
            ready = services.api.client.get("/health/ready")
            assert (ready.status_code, ready.json()["code"]) == MISSING
            assert victim.tasks in ready.json()["detail"]
        load.until(all_right_since(time.monotonic()))
    assert load.problems(DEADLINE_S + SLACK_S) == []


def test_a_full_queue_there_is_busy_here(tmp_path: Path, astronaut: bytes) -> None:
    with ModelService(tmp_path, "detection,recognition", {"FACE_QUEUE": "0", "FACE_WORKERS": "1"}) as models:
        settings = {
            "FACE_DATABASE_URL": "memory",
            "FACE_DETECTION_URL": models.url,
            "FACE_RECOGNITION_URL": models.url,
        }
        with Service(tmp_path, settings) as api:
            found: list[tuple[int, str]] = []

            def ask() -> None:
                answer = api.once("POST", "/api/face/embed", files={"image": ("photo", astronaut)})
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
        # Said when all answer; the first does before.
        wait_until(lambda: "processes 2" in models.log.read_text())
        assert models.stop() == 0
        models.start()
