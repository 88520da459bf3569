"""/metrics over all processes, and Server-Timing."""

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.prometheus.batches import WRITE_S
from adapters.prometheus.metrics import REGISTRY
from tests.e2e.service import Service, face_api
from tests.e2e.test_processes import answering, until
from tests.promtool import promtool

CLIENTS = 8
REQUESTS = 80


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, astronaut: bytes) -> Iterator[Service]:
    """Two processes, and somebody who is registered."""
    with Service(tmp_path_factory.mktemp("metrics"), {"FACE_PROCESSES": "2"}) as service:
        until(lambda: len(answering(service)) == 2)
        service.register("Eileen", astronaut).raise_for_status()
        yield service


def samples(service: Service, name: str) -> dict[tuple[str, ...], float]:
    """Values of a metric, by its labels' values in the order of their names."""
    # A connection of its own: a kept one may be that of a process that was killed.
    text = service.once("GET", "/metrics").text
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def test_counts_agree_with_the_clients_under_load(service: Service, astronaut: bytes) -> None:
    def send(number: int) -> tuple[str, str, str]:
        photo = {"image": ("photo", astronaut if number % 8 else b"no photo")}
        requests: list[tuple[str, str, str, dict[str, Any]]] = [
            ("POST", "/api/face/recognize", "/api/face/recognize", {"files": photo}),
            ("GET", "/api/face", "/api/face", {}),
            ("GET", f"/api/profile/{number + 10_000}", "/api/profile/{profile_id}", {}),
            ("GET", f"/nowhere/{number}", "-", {}),
        ]
        method, path, route, more = requests[number % 4]
        # A connection each, so that both processes get some.
        answer = service.once(method, path, **more)
        return method, route, str(answer.status_code)

    time.sleep(2 * WRITE_S)  # the processes have written what they had counted
    before = {name: samples(service, name) for name in ("face_requests_total", "face_decisions_total")}
    stages = samples(service, "face_stage_duration_seconds_count")
    with ThreadPoolExecutor(CLIENTS) as threads:
        sent = Counter(threads.map(send, range(REQUESTS)))
    assert {status for _, _, status in sent} == {"200", "404", "422"}

    def counted() -> dict[tuple[str, ...], float]:
        now = samples(service, "face_requests_total")
        new = {key: value - before["face_requests_total"].get(key, 0) for key, value in now.items()}
        return {key: value for key, value in new.items() if value and key[1] != "/metrics"}

    deadline = time.monotonic() + 120
    while counted() != sent and time.monotonic() < deadline:  # counted after the client has its answer
        time.sleep(0.05)
    assert counted() == sent
    recognised = sent["POST", "/api/face/recognize", "200"]
    decided = samples(service, "face_decisions_total")["match",]
    assert decided - before["face_decisions_total"].get(("match",), 0) == recognised
    now = samples(service, "face_stage_duration_seconds_count")
    for stage in ("queue", "embed", "search"):
        assert now[stage,] - stages.get((stage,), 0) >= recognised
    assert samples(service, "face_refusals_total")["invalid_image",] > 0
    assert len(samples(service, "face_process_resident_memory_bytes")) == 2


def test_every_metric_is_there_and_prometheus_accepts_them(service: Service, astronaut: bytes) -> None:
    service.recognize(astronaut)
    service.recognize(b"no photo")
    text = service.client.get("/metrics").text
    there = {family.name for family in text_string_to_metric_families(text) if family.samples}
    # The size of the gallery is looked at when the service starts, before anybody is in it.
    assert {family.name for family in REGISTRY.collect()} - there <= {"face_gallery_faces"}
    promtool("check", "metrics", text=text)


def test_nothing_of_people_is_in_them(service: Service) -> None:
    name = "warehouse-7"
    service.client.post("/api/collection", json={"name": name}).raise_for_status()
    service.client.get("/api/face", params={"collection": name, "name": "Eileen"}).raise_for_status()
    text = service.client.get("/metrics").text
    assert name not in text
    assert "Eileen" not in text


def test_an_answer_says_where_its_time_went(service: Service, astronaut: bytes) -> None:
    header = service.recognize(astronaut).headers["server-timing"]
    stages = dict(re.findall(r"(\w+);dur=([\d.]+)", header))
    assert {"queue", "decode", "detect", "refine", "align", "embed", "search", "total"} <= set(stages)
    assert float(stages["total"]) >= float(stages["embed"]) > 0


def test_what_a_worker_counted_outlives_it(service: Service) -> None:
    before = samples(service, "face_requests_total")
    killed = answering(service)[0]
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(answering(service)) == 2 and killed not in answering(service))
    after = samples(service, "face_requests_total")
    assert all(after[key] >= value for key, value in before.items())
    assert (str(killed),) not in samples(service, "face_process_resident_memory_bytes")


def test_with_keys_it_needs_one_for_it(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        secrets = {
            scope: face_api(
                tmp_path, "keys", "create", scope, "--scope", scope, FACE_DATA_DIR=str(tmp_path / "data")
            ).stdout.strip()
            for scope in ("metrics", "manage")
        }
        service.guarded()

        def status(path: str, secret: str | None = None) -> int:
            headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
            return service.client.get(path, headers=headers).status_code

        assert status("/metrics") == 401
        assert status("/metrics", secrets["manage"]) == 403
        assert status("/metrics", secrets["metrics"]) == 200
        assert status("/api/face", secrets["metrics"]) == 403
        data = tmp_path / "data"
        bound = face_api(
            tmp_path,
            "keys",
            "create",
            "x",
            "--scope=metrics",
            "--collection=default",
            FACE_DATA_DIR=str(data),
        )
        assert bound.returncode != 0
        assert len(list((data / "run").iterdir())) == 1
    assert list((data / "run").iterdir()) == []
