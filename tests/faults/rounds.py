"""Rounds of SIGKILL, and what is left afterwards."""

import asyncio
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx

from tests.benchmarks.growth.loading import load
from tests.benchmarks.simulation import faces
from tests.faults.clients import Client, Ledger, Person, search
from tests.faults.unit import Unit, kill

PEOPLE = 1500
"""Simulated people besides: so many that an index in memory searches, not the database."""
CLIENTS = 4
PHOTOS = 6
"""People of each client."""
READY_S = 90.0
"""How long a return may take: recovery and models, on a slow machine."""

KINDS: dict[str, Callable[[Unit, random.Random], list[int]]] = {
    "first process": lambda unit, _: unit.first(),
    "worker": lambda unit, chance: [chance.choice(unit.workers())],
    "postmaster": lambda unit, _: unit.postmaster(),
    "backend": lambda unit, chance: [chance.choice(unit.backends())],
    "everything": lambda unit, _: unit.everything(),
}
"""Whom SIGKILL is sent to."""

SETTINGS = {"FACE_PROCESSES": "2", "FACE_WORKERS": "2", "FACE_QUALITY_ENROLMENT": "off"}


@dataclass(frozen=True, slots=True)
class Round:
    """One kill."""

    kind: str
    killed: int
    """Processes."""
    twice: bool
    """Whether what came back was killed again at once."""
    back_s: float
    """Until everything that was there is there again."""
    answered_s: float
    """Until the first answer to a search, after which no deleted face may be in one."""


@dataclass
class Report:
    """What happened."""

    rounds: list[Round] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    starts: int = 0
    """By the init system, the first too."""


def run(
    directory: Path,
    photos: Sequence[bytes],
    kinds: Sequence[str],
    seed: int,
    say: Callable[[Round], object] = lambda _: None,
) -> Report:
    """Kill once for each of the kinds, and check after each.

    Args:
        directory: empty; for the service's data and log.
        photos: CLIENTS * PHOTOS photos of different people.
        kinds: of KINDS.
        seed: of the moments, the victims, and what clients do.
        say: told of each round.

    Raises:
        AssertionError: the service is not ready in time.
    """
    chance, report = random.Random(seed), Report()
    running, ended = threading.Event(), threading.Event()
    with Unit(directory, SETTINGS) as unit:
        unit.until_ready(READY_S)
        asyncio.run(_fill(directory))
        clients = [
            Client(
                number,
                httpx.Client(base_url=unit.url, timeout=60),
                list(photos[number * PHOTOS :][:PHOTOS]),
                report.ledger,
                seed,
            )
            for number in range(CLIENTS)
        ]
        threads = [threading.Thread(target=client.run, args=(running, ended)) for client in clients]
        for thread in threads:
            thread.start()
        try:
            for kind in kinds:
                running.set()
                time.sleep(chance.uniform(0.5, 4))
                report.rounds.append(_round(unit, kind, chance, clients, report.ledger))
                say(report.rounds[-1])
                time.sleep(chance.uniform(0, 2))
                running.clear()
                with ExitStack() as quiet:
                    for client in clients:
                        quiet.enter_context(client.idle)
                    verify(unit, clients, report.ledger)
        finally:
            ended.set()
            for thread in threads:
                thread.join()
            report.starts = len(unit.starts)
    return report


def _round(unit: Unit, kind: str, chance: random.Random, clients: Sequence[Client], ledger: Ledger) -> Round:
    victims = KINDS[kind](unit, chance)
    began = time.monotonic()
    killed = kill(victims)
    assert killed, f"{kind}: nobody was there to be killed"
    if twice := chance.random() < 0.3:
        time.sleep(chance.uniform(0, 2))
        kill(unit.everything())
    # Whoever was deleted is looked for from the first moment at which anybody answers.
    photos = [person.photo for client in clients for person in client.people]
    gone = [person.photo for client in clients for person in client.people if person.face is None]
    with httpx.Client(base_url=unit.url, timeout=60) as http:
        while search(http, chance.choice(gone or photos), ledger) is None:
            assert time.monotonic() - began < READY_S, f"{kind}: no answer to a search"
            assert not unit.gave_up, f"{kind}: started too often"
    answered_s = time.monotonic() - began
    unit.until_ready(READY_S - answered_s)
    return Round(kind, killed, twice, time.monotonic() - began, answered_s)


def verify(unit: Unit, clients: Sequence[Client], ledger: Ledger) -> None:
    """Look at all that is stored, and settle what clients aren't sure of."""
    with httpx.Client(base_url=unit.url, timeout=60) as http:
        stored = {int(str(face["id"])): face for face in _pages(http, "/api/face")}
        people = {int(str(person["id"])) for person in _pages(http, "/api/profile")}
    for client in clients:
        for person in client.people:
            if person.unsure:
                _settle(person, stored, ledger)
            elif person.face is not None and (person.face not in stored or person.profile not in people):
                ledger.problems.append(f"acknowledged, and lost: face {person.face}")
            client.search(person)
    ledger.problems += [f"deleted, and stored: face {face}" for face in ledger.deleted_faces & set(stored)]
    ledger.problems += [f"deleted, and stored: person {each}" for each in ledger.deleted_people & people]
    names = [face["name"] for face in stored.values()]
    if len(names) != len(set(names)):
        ledger.problems.append("somebody was registered twice by one request")


def _settle(person: Person, stored: dict[int, dict[str, object]], ledger: Ledger) -> None:
    """A request without an answer was carried out or not: either is right, but what is stored is what holds."""
    found = [face for face in stored.values() if face["name"] == person.name]
    if person.face is not None and not found:
        ledger.deleted_faces.add(person.face)
    person.face = person.profile = None
    for face in found:
        person.face, person.profile = int(str(face["id"])), int(str(face["profile_id"]))
    person.unsure = False


def _pages(http: httpx.Client, path: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    more = {"limit": 1000}
    while True:
        answer = http.get(path, params=more).raise_for_status().json()
        found += answer["data"]
        if "next" not in answer:
            return found
        more["after"] = answer["next"]


async def _fill(directory: Path) -> None:
    server = str(directory / "data" / "postgres")
    connection = await asyncpg.connect(host=server, port=5432, user="face", database="face")
    try:
        await load(connection, faces(PEOPLE, 128), "sface")
    finally:
        await connection.close()
