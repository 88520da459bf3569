"""Thresholds that fit the people enrolled: what is shown of them, and what searches do."""

import json
import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.envelope import envelope, refusal
from tests.e2e.service import Service, face_api

PEOPLE = 24
AGREE_S = 60
CONNECTIONS = 20
"""The kernel gives each to one of two processes."""
ANY_PHOTO = {"FACE_QUALITY_ENROLMENT": "off", "FACE_QUALITY_RECOGNITION": "off"}


@pytest.fixture(scope="module")
def frontal(assets: Path) -> list[bytes]:
    """Photos of so many people and one more, one each."""
    paths = sorted((assets / "faces" / "mugshots").glob("*/F_0.jpg"))
    return [path.read_bytes() for path in paths[: PEOPLE + 1]]


@pytest.fixture(params=["embedded", "memory"])
def enrolled(request: pytest.FixtureRequest, tmp_path: Path, frontal: list[bytes]) -> Iterator[Service]:
    """A service with these people, and the last of them not."""
    settings = {"FACE_DATABASE_URL": request.param, "FACE_PROCESSES": "2", **ANY_PHOTO}
    with Service(tmp_path, settings) as service:
        for number, photo in enumerate(frontal[:PEOPLE]):
            envelope(service.register(f"person {number:02}", photo))
        yield service


def shown(service: Service, **query: str) -> dict[str, Any]:
    answer = service.client.get("/api/collection/default/calibration", params=query)
    data: dict[str, Any] = envelope(answer)["data"]
    return data


def embedded(service: Service, photo: bytes) -> list[float]:
    answer = service.client.post("/api/face/embed", files={"image": ("photo", photo)})
    vector: list[float] = envelope(answer)["data"][0]["embedding"]
    return vector


def thresholds(service: Service, vector: list[float]) -> set[float]:
    """Of searches for one face, over a connection each."""
    answers = (
        service.once("POST", "/api/face/search", json={"embedding": vector}) for _ in range(CONNECTIONS)
    )
    return {envelope(answer)["data"][0]["threshold"] for answer in answers}


def agreed(service: Service, vector: list[float]) -> float:
    """The threshold of all processes, as soon as they have the same."""
    deadline = time.monotonic() + AGREE_S
    while True:
        late = time.monotonic() > deadline
        found = thresholds(service, vector)
        if len(found) == 1:
            return found.pop()
        assert not late, found


def delete(service: Service, *numbers: int) -> None:
    for number in numbers:
        (person,) = service.client.get("/api/profile", params={"name": f"person {number:02}"}).json()["data"]
        envelope(service.client.delete(f"/api/profile/{person['id']}"))


def test_thresholds_follow_the_people(enrolled: Service, frontal: list[bytes]) -> None:
    report = shown(enrolled)
    assert (report["people"], report["pairs"]) == (PEOPLE, PEOPLE * (PEOPLE - 1) // 2)
    assert (report["mode"], report["recognition_model"]) == ("gallery", "sface")
    assert report["observed"] is not None
    assert report["expected"] != report["average"]
    assert report["warnings"] == []
    for name, promised in (("verification", 1e-4), ("identification", 0.01)):
        assert report[name]["promised"] == promised
        assert 0 < report[name]["estimated"] <= promised * (1 + 1e-9)
        assert report[name]["threshold"] != report[name]["table_threshold"]

    stranger = embedded(enrolled, frontal[PEOPLE])
    with_all = agreed(enrolled, stranger)
    assert with_all != pytest.approx(report["identification"]["table_threshold"], abs=1e-3)

    envelope(enrolled.register("person 98", frontal[0]))
    envelope(enrolled.register("person 99", frontal[PEOPLE]))
    with_more = agreed(enrolled, stranger)
    assert with_more != with_all
    assert shown(enrolled)["people"] == PEOPLE + 2

    delete(enrolled, 98, 99, *range(10))
    with_fewer = agreed(enrolled, stranger)
    assert with_fewer not in {with_all, with_more}
    report = shown(enrolled)
    assert report["people"] == PEOPLE - 10
    assert [warning["code"] for warning in report["warnings"]] == ["too_few_people"]


def test_by_the_table_alone_people_do_not_matter(tmp_path: Path, frontal: list[bytes]) -> None:
    settings = {"FACE_DATABASE_URL": "memory", "FACE_CALIBRATION": "table", **ANY_PHOTO}
    with Service(tmp_path, settings) as service:
        for number, photo in enumerate(frontal[:5]):
            envelope(service.register(f"person {number:02}", photo))
        report = shown(service)
        assert report["mode"] == "table"
        assert report["identification"]["threshold"] == report["identification"]["table_threshold"]
        (threshold,) = thresholds(service, embedded(service, frontal[5]))
        assert threshold == pytest.approx(report["identification"]["table_threshold"], abs=1e-4)


def test_what_is_not_there(service: Service) -> None:
    get = service.client.get
    refusal(get("/api/collection/nowhere/calibration"), 404, "collection_not_found")
    refusal(get("/api/collection/Not%20a%20name/calibration"), 404, "collection_not_found")
    unknown = get("/api/collection/default/calibration", params={"recognition_model": "no such model"})
    refusal(unknown, 422, "unknown_model")
    report = shown(service)
    assert (report["people"], report["observed"]) == (0, None)
    assert [warning["code"] for warning in report["warnings"]] == ["too_few_people"]


def test_the_command_says_what_the_service_does(tmp_path: Path, frontal: list[bytes]) -> None:
    settings = {"FACE_DATABASE_URL": "embedded", **ANY_PHOTO}
    with Service(tmp_path, settings) as service:
        for number, photo in enumerate(frontal[:3]):
            envelope(service.register(f"person {number:02}", photo))
        report = shown(service)
        others = {key: value for key, value in os.environ.items() if not key.startswith("FACE_")}
        command = partial(face_api, tmp_path, "calibration", **others, FACE_DATA_DIR=str(tmp_path / "data"))
        told = json.loads(command("--json").stdout)
        assert {**told, "age_s": 0} == {**report, "age_s": 0}
        spoken = command()
        assert "sface in default: 3 people" in spoken.stdout
        assert "warning: Fewer than 20 people" in spoken.stderr
        missing = command("--collection", "nowhere")
        assert (missing.returncode, missing.stdout) == (1, "")
        assert "See --collection." in missing.stderr
