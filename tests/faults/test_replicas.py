"""Two instances on one database, by turns and at once."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest

from tests.accuracy import pictures
from tests.accuracy.presentations import Person
from tests.e2e.envelope import envelope, refusal
from tests.e2e.service import Service, face_api
from tests.faults.replicas import address, replicas, run

SESSION = "/api/face/liveness/session"
DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Service]]:
    """With an administrator's key, which each of them uses."""
    folder = tmp_path_factory.mktemp("replicas")
    folder.chmod(0o755)  # the database has an account of its own
    frames = {"FACE_LIVENESS_SESSION_RATE": "30", "FACE_LIVENESS_SESSION_DEADLINE_S": "300"}
    with replicas(folder, **frames) as services:
        key = {"name": "operator", "scopes": ["admin"]}
        secret = envelope(services[0].client.post("/api/key", json=key))["data"]["secret"]
        for service in services:
            service.client.headers["X-API-Key"] = secret
        yield services


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def probe(seed: int) -> dict[str, object]:
    vector = np.random.default_rng(seed).standard_normal(128)
    return {"embedding": (vector / np.linalg.norm(vector)).tolist()}


def test_one_knows_at_once_whom_the_other_registers_and_forgets_whom_it_deletes(
    both: tuple[Service, Service],
) -> None:
    report = run(both, rounds=4, searches=10, clients=3)
    assert report.ledger.problems == []
    assert len(report.ledger.deleted_faces) == 4
    assert report.after_deletion == 4 * 10 * 3
    assert report.requests == [1] * 4


def test_a_request_that_is_sent_to_both_is_carried_out_once(both: tuple[Service, Service]) -> None:
    headers, body = {"Idempotency-Key": uuid4().hex}, probe(2)

    def register(number: int) -> httpx.Response:
        client = both[number % 2].client
        return client.post("/api/face/register", params={"name": "Once"}, json=body, headers=headers)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(register, range(8)))
    answered = [each for each in answers if each.is_success]
    for each in answers:
        if not each.is_success:
            refusal(each, 409, "idempotency_in_progress")
    assert {each.text for each in answered} == {register(0).text} == {register(1).text}
    assert len(envelope(both[1].client.get("/api/face", params={"name": "Once"}))["data"]) == 1


def test_a_key_is_revoked_on_both(both: tuple[Service, Service]) -> None:
    one, two = (service.client for service in both)
    key = {"name": "reader", "scopes": ["manage"]}
    issued = envelope(one.post("/api/key", json=key))["data"]
    headers = {"X-API-Key": issued["secret"]}
    assert [each.get("/api/face", headers=headers).status_code for each in (one, two)] == [200, 200]
    envelope(two.delete(f"/api/key/{issued['key']['id']}"))
    for client in (one, two):
        until(lambda client=client: client.get("/api/face", headers=headers).status_code == 401)  # type: ignore[misc]


def test_the_audit_trail_of_both_is_one_chain(both: tuple[Service, Service]) -> None:
    def ask(number: int) -> int:
        return both[number % 2].client.post("/api/face/recognize", json=probe(100 + number)).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(40))) == {404}
    verify = ("audit", "verify", "--json")
    done = face_api(both[1].directory, *verify, FACE_DATABASE_URL=address(both[0]))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["problems"] == []


def taken(client: httpx.Client, session: dict[str, Any], frame: bytes) -> dict[str, Any]:
    """The state of a session after a frame, which is sent again if it comes too soon after the one before."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        answer = client.post(
            f"{SESSION}/{session['id']}/frame",
            data={"nonce": session["nonce"]},
            files={"image": ("frame.jpg", frame)},
        )
        if answer.status_code != httpx.codes.TOO_MANY_REQUESTS or time.monotonic() > deadline:
            state: dict[str, Any] = envelope(answer)["data"]
            return state
        time.sleep(0.05)


def test_a_liveness_session_goes_on_at_the_other(both: tuple[Service, Service], assets: Path) -> None:
    session: dict[str, Any] = envelope(both[0].client.post(SESSION))["data"]
    person, draw = Person(assets / "faces" / "mugshots" / "002"), np.random.default_rng(5)
    for number in range(3):
        here, there = both if number % 2 else both[::-1]
        state = taken(here.client, session, pictures.taken(person.front, draw))
        assert (state["state"], state["frames"]) == ("open", number + 1)
        seen = envelope(there.client.get(f"{SESSION}/{session['id']}"))["data"]
        assert (seen["state"], seen["frames"]) == ("open", number + 1)


def test_collections_and_rules_are_the_same_for_both(both: tuple[Service, Service]) -> None:
    one, two = (service.client for service in both)
    envelope(one.post("/api/collection", json={"name": "shared"}))
    envelope(two.patch("/api/collection/shared", json={"retention_days": 30}))
    found = {each["name"]: each for each in envelope(one.get("/api/collection"))["data"]}
    assert found["shared"]["retention_days"] == 30
    with ThreadPoolExecutor(2) as pool:
        applied = [
            pool.submit(face_api, service.directory, "retention", "apply", FACE_DATABASE_URL=address(both[0]))
            for service in both
        ]
    done = [each.result() for each in applied]
    assert 0 in [each.returncode for each in done]
    for each in done:
        assert each.returncode == 0 or "another process is deleting by age" in each.stderr
    envelope(one.delete("/api/collection/shared"))
    unknown = two.post("/api/face/recognize", params={"collection": "shared"}, json=probe(3))
    refusal(unknown, 404, "collection_not_found")


def test_a_purge_says_that_the_index_of_the_other_is_not_reached(both: tuple[Service, Service]) -> None:
    done = face_api(both[1].directory, "purge", "--json", FACE_DATABASE_URL=address(both[0]))
    assert done.returncode == 0, done.stderr
    assert any("another data directory" in each for each in json.loads(done.stdout)["left"])
