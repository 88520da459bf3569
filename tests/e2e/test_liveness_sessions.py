"""Liveness sessions, over a real socket."""

import base64
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from domain.liveness.movements import Movement
from tests.accuracy import pictures
from tests.accuracy.presentations import Person, genuine
from tests.e2e.conftest import PATIENT
from tests.e2e.envelope import envelope, refusal
from tests.e2e.service import Service

SESSION = "/api/face/liveness/session"


@pytest.fixture(scope="module")
def people(assets: Path) -> list[Person]:
    return [Person(assets / "faces" / "mugshots" / name) for name in ("002", "010")]


def start(service: Service, **query: str) -> dict[str, Any]:
    started: dict[str, Any] = envelope(service.client.post(SESSION, params=query))["data"]
    return started


def send(service: Service, session: dict[str, Any], frame: bytes) -> httpx.Response:
    """By a connection of its own: any process may take it."""
    return service.once(
        "POST",
        f"{SESSION}/{session['id']}/frame",
        data={"nonce": session["nonce"]},
        files={"image": ("frame.jpg", frame)},
    )


def carry_out(service: Service, person: Person, **query: str) -> dict[str, Any]:
    """A session in which somebody does what is asked; how it ends."""
    session = start(service, **query)
    movements = tuple(Movement(name) for name in session["movements"])
    state: dict[str, Any] = session
    for frame in genuine(person, movements):
        if state["state"] == "open":
            state = envelope(send(service, session, frame))["data"]
            time.sleep(0.21)
    return state


def test_a_session_from_its_beginning_to_its_use(service: Service, people: list[Person]) -> None:
    ended = carry_out(service, people[0])
    assert (ended["state"], ended["done"]) == ("passed", 3), ended
    assert "next" not in ended
    assert envelope(service.client.get(f"{SESSION}/{ended['id']}"))["data"]["state"] == "passed"
    photo = pictures.taken(people[0].front, np.random.default_rng(2))
    registered = envelope(service.register("Ada", photo, liveness_session=ended["id"]))["data"]
    evidence = registered["liveness_session"]
    assert evidence["similarity"] >= evidence["threshold"]
    assert evidence["movements"] == ended["movements"]
    refusal(service.recognize(photo, liveness_session=ended["id"]), 409, "liveness_session_used")
    assert envelope(service.client.get(f"{SESSION}/{ended['id']}"))["data"]["state"] == "used"


def test_recognize_and_verify_take_a_session_once(service: Service, people: list[Person]) -> None:
    photo = pictures.taken(people[0].front, np.random.default_rng(2))
    service.register("Ada", photo)
    recognized = envelope(service.recognize(photo, liveness_session=carry_out(service, people[0])["id"]))
    assert recognized["data"]["name"] == "Ada"
    assert recognized["data"]["liveness_session"]["movements"]
    session = carry_out(service, people[0])["id"]
    asked = {"name": "Ada", "liveness_session": session}
    response = service.client.post("/api/face/verify", params=asked, files={"image": ("photo", photo)})
    verified = envelope(response)["data"]
    assert verified["verdict"] == "match"
    assert verified["liveness_session"]["similarity"] > 0.5
    files = {"image1": ("one", photo), "image2": ("other", photo)}
    response = service.client.post("/api/face/verify", params={"liveness_session": session}, files=files)
    refusal(response, 409, "liveness_session_used")


def test_it_is_good_for_the_face_that_was_in_it_alone(service: Service, people: list[Person]) -> None:
    ended = carry_out(service, people[0])
    photo = pictures.taken(people[1].front, np.random.default_rng(2))
    refusal(service.recognize(photo, liveness_session=ended["id"], faces="all"), 422, "validation_error")
    refusal(service.register("Bob", photo, liveness_session=ended["id"]), 403, "liveness_session_other_face")
    assert envelope(service.client.get("/api/face"))["data"] == []


def test_a_session_that_was_not_passed_is_worth_nothing(service: Service, people: list[Person]) -> None:
    session = start(service)
    photo = pictures.taken(people[0].front, np.random.default_rng(2))
    response = service.register("Ada", photo, liveness_session=session["id"])
    refusal(response, 403, "liveness_session_not_passed")
    refusal(service.register("Ada", photo, liveness_session="made-up"), 404, "liveness_session_not_found")


def test_the_wrong_movement_ends_a_session(service: Service, people: list[Person]) -> None:
    session = start(service)
    draw = np.random.default_rng(3)
    shown = people[1].views[Movement.LEFT if session["next"] != "left" else Movement.RIGHT]
    envelope(send(service, session, pictures.taken(people[1].front, draw)))
    ended = envelope(send(service, session, pictures.taken(shown, draw)))["data"]
    assert (ended["state"], ended["failure"]) == ("failed", "wrong_movement")
    refusal(send(service, session, pictures.taken(shown, draw)), 409, "liveness_session_closed")


def test_frames_are_refused_with_their_reasons(service: Service, people: list[Person]) -> None:
    session = start(service)
    frame = pictures.taken(people[0].front, np.random.default_rng(4))
    refusal(send(service, {**session, "nonce": "guessed"}, frame), 403, "liveness_nonce_wrong")
    refusal(send(service, {**session, "id": "made-up"}, frame), 404, "liveness_session_not_found")
    refusal(send(service, session, b"no picture"), 422, "invalid_image")
    refusal(send(service, session, bytes(session["frame_bytes"] + 1)), 413, "image_too_large")
    address = f"{SESSION}/{session['id']}/frame"
    files = {"image": ("frame", frame)}
    refusal(service.client.post(address, files=files), 422, "validation_error")
    refusal(service.client.post(address, json={"nonce": session["nonce"]}), 422, "validation_error")
    refusal(service.client.get(f"{SESSION}/made-up"), 404, "liveness_session_not_found")
    body = {"nonce": session["nonce"], "image": base64.b64encode(frame).decode()}
    assert envelope(service.client.post(address, json=body))["data"]["frames"] == 1
    repeated = envelope(send(service, session, frame))["data"]
    assert (repeated["state"], repeated["failure"]) == ("failed", "repeated_frame")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = {
        **PATIENT,
        "FACE_PROCESSES": "2",
        "FACE_LIVENESS_SESSION_MOVEMENTS": "2",
        "FACE_LIVENESS_SESSION_MOST": "4",
    }
    with Service(tmp_path_factory.mktemp("two"), settings) as service:
        yield service


def test_several_processes_know_the_same_session_and_one_request_uses_it(
    two: Service, people: list[Person]
) -> None:
    ended = carry_out(two, people[0])
    assert (ended["state"], len(ended["movements"])) == ("passed", 2)
    photo = pictures.taken(people[0].front, np.random.default_rng(2))

    def register(number: int) -> int:
        response = two.once(
            "POST",
            "/api/face/register",
            params={"name": f"Ada {number}", "liveness_session": ended["id"]},
            files={"image": ("photo", photo)},
        )
        if response.status_code != httpx.codes.OK:
            refusal(response, 409, "liveness_session_used")
        return response.status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(register, range(8)))
    assert statuses.count(httpx.codes.OK) == 1


def test_frames_at_once_are_counted_one_after_another(two: Service, people: list[Person]) -> None:
    session = start(two)
    draw = np.random.default_rng(5)
    frames = [pictures.taken(people[0].front, draw) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda frame: send(two, session, frame), frames))
    taken = sorted(answer.json()["data"]["frames"] for answer in answers if answer.is_success)
    assert taken == list(range(1, len(taken) + 1))
    assert 1 <= len(taken) <= 5
    for answer in answers:
        if not answer.is_success:
            refusal(answer, 429, "liveness_frame_too_soon")
            assert answer.headers["Retry-After"] == "1"
    stands = envelope(two.client.get(f"{SESSION}/{session['id']}"))["data"]
    assert stands["frames"] == len(taken)


def test_there_are_only_so_many_sessions(two: Service) -> None:
    answers = [two.client.post(SESSION) for _ in range(5)]
    refusal(answers[-1], 503, "too_many_liveness_sessions")
    assert answers[-1].headers["Retry-After"]


def test_where_liveness_is_enforced_a_session_stands_for_the_look_at_the_photo(
    tmp_path: Path, assets: Path, people: list[Person]
) -> None:
    settings = {**PATIENT, "FACE_DATABASE_URL": "memory", "FACE_LIVENESS": "enforce"}
    with Service(tmp_path, {**settings, "FACE_MODELS_DIR": str(assets / "models")}) as service:
        ended = carry_out(service, people[1])
        assert ended["state"] == "passed"
        embedded = service.client.post(
            "/api/face/embed", files={"image": ("photo", people[1].frames(None)[0])}
        )
        vector = envelope(embedded)["data"][0]["embedding"]
        address = "/api/face/register?name=Ada"
        refusal(service.client.post(address, json={"embedding": vector}), 422, "validation_error")
        response = service.client.post(
            f"{address}&liveness_session={ended['id']}", json={"embedding": vector}
        )
        registered = envelope(response)["data"]
        assert "liveness" not in registered
        assert registered["liveness_session"]["passive_score"] == pytest.approx(ended["passive"]["score"])
