"""Clients that register, delete and look for people of their own, and remember what they were told."""

import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class Ledger:
    """What all clients were told, and what was wrong with it."""

    registered: int = 0
    """Acknowledged registrations."""
    deleted_faces: set[int] = field(default_factory=set)
    """Of acknowledged deletions."""
    deleted_people: set[int] = field(default_factory=set)
    answered: int = 0
    """Searches whose answers were checked."""
    unanswered: int = 0
    """Requests without an answer, or with 503."""
    problems: list[str] = field(default_factory=list)


@dataclass
class Person:
    """Somebody with a photo; registered if `face` is set."""

    photo: bytes
    title: str
    lives: int = 0
    name: str = ""
    """Another one in each life."""
    face: int | None = None
    profile: int | None = None
    unsure: bool = False
    """A request about them had no answer: it may have been carried out or not."""


class Client:
    """Sends one request at a time, while `running` is set."""

    def __init__(
        self, number: int, http: httpx.Client, photos: list[bytes], ledger: Ledger, seed: int
    ) -> None:
        self._random = random.Random(seed * 1000 + number)
        self._http = http
        self._ledger = ledger
        self.idle = threading.Lock()
        """Held during a step."""
        self.people = [Person(photo, f"client {number} person {index}") for index, photo in enumerate(photos)]

    def run(self, running: threading.Event, ended: threading.Event) -> None:
        """Until `ended`; between two rounds `running` is clear."""
        while not ended.is_set():
            if running.wait(0.1):
                with self.idle:
                    # It may have been cleared while this waited for the lock.
                    if running.is_set():
                        self._step(self._random.choice(self.people))
        self._http.close()

    def _step(self, person: Person) -> None:
        if person.unsure:
            time.sleep(0.01)
        elif person.face is None:
            self._register(person)
        elif self._random.random() < 0.4:
            self._delete(person)
        else:
            self.search(person)

    def _register(self, person: Person) -> None:
        person.lives += 1
        person.name = f"{person.title} life {person.lives}"
        answer = self._send(
            "POST",
            "/api/face/register",
            params={"name": person.name, "faces": "largest"},
            files={"image": ("photo.jpg", person.photo)},
        )
        if answer is None:
            person.unsure = True
            return
        person.face, person.profile = answer["data"]["id"], answer["data"]["profile_id"]
        self._ledger.registered += 1

    def _delete(self, person: Person) -> None:
        whole = self._random.random() < 0.5
        path = f"/api/profile/{person.profile}" if whole else f"/api/face/{person.face}"
        if self._send("DELETE", path) is None:
            person.unsure = True
            return
        assert person.face is not None
        assert person.profile is not None
        self._ledger.deleted_faces.add(person.face)
        if whole:
            self._ledger.deleted_people.add(person.profile)
        person.face = person.profile = None
        self.search(person)

    def search(self, person: Person) -> None:
        """Ask who is in a photo, and check the answer."""
        candidates = search(self._http, person.photo, self._ledger)
        if candidates is not None and person.face is not None and person.face not in candidates:
            self._ledger.problems.append(f"acknowledged, and not found: face {person.face}")

    def _send(self, method: str, path: str, **more: Any) -> dict[str, Any] | None:
        return send(self._http, self._ledger, method, path, **more)


def search(http: httpx.Client, photo: bytes, ledger: Ledger) -> set[int] | None:
    """The faces of those whom a photo may show, checked; None without an answer."""
    return checked(http, ledger, files={"image": ("photo.jpg", photo)})


def checked(http: httpx.Client, ledger: Ledger, **probe: Any) -> set[int] | None:
    """The faces of those whom a photo or an embedding may be of; None without an answer.

    Nobody may be among them whose deletion was acknowledged before this asked.
    """
    faces, people = set(ledger.deleted_faces), set(ledger.deleted_people)
    answer = send(http, ledger, "POST", "/api/face/search", params={"top_k": 20, "faces": "largest"}, **probe)
    if answer is None:
        return None
    candidates = answer["data"][0]["candidates"]
    ledger.answered += 1
    for each in candidates:
        if each["id"] in faces or each["profile_id"] in people:
            ledger.problems.append(f"deleted, and answered: {each}")
    return {each["id"] for each in candidates}


def send(http: httpx.Client, ledger: Ledger, method: str, path: str, **more: Any) -> dict[str, Any] | None:
    """The answer; None if there was none, or none that says what was done."""
    try:
        answer = http.request(method, path, **more)
    except httpx.TransportError:
        answer = None
    if answer is None or answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        ledger.unanswered += 1
        time.sleep(0.05)
        return None
    if answer.status_code != httpx.codes.OK:
        ledger.problems.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return None
    body: dict[str, Any] = answer.json()
    return body
