"""Two instances of the service on one database: `python -m tests.faults.replicas --help`.

Who is registered through one is looked for through the other at once, and again before and after they are deleted.
"""

import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import click
import httpx
import numpy as np

from tests.benchmarks.growth.loading import load
from tests.benchmarks.simulation import faces
from tests.e2e.service import Service
from tests.faults.clients import Ledger, checked, send

PEOPLE = 1500
"""Simulated people besides: so many that indexes in memory search, not the database."""
SETTINGS = {"FACE_PROCESSES": "1", "FACE_WORKERS": "2"}
READY_S = 60.0


@dataclass
class Report:
    """What happened."""

    ledger: Ledger = field(default_factory=Ledger)
    after_deletion: int = 0
    """Searches that were begun after the deletion had been acknowledged."""
    delays: list[float] = field(default_factory=list)
    """Seconds from the answer to a registration to that of the other instance which has the person."""
    requests: list[int] = field(default_factory=list)
    """How many requests to the other instance that took."""
    own: list[float] = field(default_factory=list)
    """Seconds of the same request to the instance that registered."""

    def percentile_ms(self, which: float) -> float:
        """Of the delays."""
        return float(np.percentile(self.delays, which)) * 1e3


def address(owner: Service) -> str:
    """The database that a service has started, for others on this machine."""
    return f"postgresql+asyncpg://face@/face?host={owner.directory / 'data' / 'postgres'}&port=5432"


@contextmanager
def replicas(directory: Path, **settings: str) -> Iterator[tuple[Service, Service]]:
    """Two services, the first of which has started the database."""
    homes = directory / "one", directory / "two"
    for home in homes:
        home.mkdir()
    with Service(homes[0], {**SETTINGS, **settings}) as one:
        asyncio.run(_fill(one))
        second = {**SETTINGS, **settings, "FACE_DATABASE_URL": address(one)}
        with Service(homes[1], second) as two:
            for service in (one, two):
                _until_indexed(service)
            yield one, two


def run(services: tuple[Service, Service], rounds: int, searches: int, clients: int) -> Report:
    """Register, recognise and delete somebody in each round, by turns through either of the services.

    Args:
        services: of one database.
        rounds: as many people.
        searches: of each client for them after they are deleted.
        clients: that look for them at once, through the other service.
    """
    report, random = Report(), np.random.default_rng(1)
    with ThreadPoolExecutor(clients) as pool:
        for number in range(rounds):
            here, there = services if number % 2 == 0 else services[::-1]
            vector = random.standard_normal(128)
            probe = {"embedding": (vector / np.linalg.norm(vector)).tolist()}
            _round(here, there, number, probe, report, searches, [pool] * clients)
    return report


def _round(
    here: Service,
    there: Service,
    number: int,
    probe: dict[str, Any],
    report: Report,
    searches: int,
    clients: list[ThreadPoolExecutor],
) -> None:
    ledger = report.ledger
    answer = send(
        here.client, ledger, "POST", "/api/face/register", params={"name": f"person {number}"}, json=probe
    )
    begun = time.perf_counter()
    assert answer is not None
    ledger.registered += 1
    face, profile = answer["data"]["id"], answer["data"]["profile_id"]
    requests = 1
    while not _recognised(there, probe, profile):
        requests += 1
        assert time.perf_counter() - begun < READY_S, f"face {face} is not recognised"
    report.delays.append(time.perf_counter() - begun)
    report.requests.append(requests)
    begun = time.perf_counter()
    assert _recognised(here, probe, profile)
    report.own.append(time.perf_counter() - begun)

    whole, acknowledged = number % 4 < 2, threading.Event()

    def look(started: threading.Event) -> int:
        with httpx.Client(base_url=there.client.base_url, timeout=60, headers=there.client.headers) as client:
            while not acknowledged.is_set():
                checked(client, ledger, json=probe)
                started.set()
            return sum(checked(client, ledger, json=probe) is not None for _ in range(searches))

    begins = [threading.Event() for _ in clients]
    looking = [pool.submit(look, begin) for pool, begin in zip(clients, begins, strict=True)]
    try:
        for begin in begins:
            begin.wait(READY_S)
        path = f"/api/profile/{profile}" if whole else f"/api/face/{face}"
        if send(here.client, ledger, "DELETE", path) is not None:
            ledger.deleted_faces.add(face)
            ledger.deleted_people.add(profile)
    finally:
        acknowledged.set()
    report.after_deletion += sum(each.result() for each in looking)


def _recognised(service: Service, probe: dict[str, Any], profile: int) -> bool:
    answer = service.client.post("/api/face/recognize", json=probe)
    return answer.is_success and answer.json()["data"]["profile_id"] == profile


async def _fill(service: Service) -> None:
    server = str(service.directory / "data" / "postgres")
    connection = await asyncpg.connect(host=server, port=5432, user="face", database="face")
    try:
        await load(connection, faces(PEOPLE, 128), "sface")
    finally:
        await connection.close()


def _until_indexed(service: Service) -> None:
    """The first search of a gallery that has grown large has an index made."""
    deadline = time.monotonic() + READY_S
    probe = {"embedding": [1.0] + [0.0] * 127}
    while "the index of" not in (log := service.log.read_text()) or "is ready" not in log:
        service.client.post("/api/face/search", json=probe)
        assert time.monotonic() < deadline, log[-3000:]
        time.sleep(0.1)


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=100, show_default=True)
@click.option("--searches", type=click.IntRange(1), default=25, show_default=True, help="of each client")
@click.option("--clients", type=click.IntRange(1), default=4, show_default=True)
def main(rounds: int, searches: int, clients: int) -> None:
    """Measure; the exit status is 1 if anything was lost or answered that is gone."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="face-replicas-")))
        folder.chmod(0o755)  # the database has an account of its own
        report = run(stack.enter_context(replicas(folder)), rounds, searches, clients)
    ledger = report.ledger
    own = float(np.median(report.own)) * 1e3
    click.echo(
        f"{ledger.registered} registrations and {len(ledger.deleted_faces)} deletions acknowledged;"
        f" {report.after_deletion:,} searches begun after a deletion, {ledger.answered:,} in all,"
        f" {ledger.unanswered} without an answer, {len(ledger.problems)} problems\n"
        f"from a registration to its recognition by the other instance: p50 {report.percentile_ms(50):.1f} ms,"
        f" p99 {report.percentile_ms(99):.1f} ms, {max(report.requests)} request(s) at most;"
        f" a recognition by the same instance: p50 {own:.1f} ms"
    )
    click.echo("\n".join(ledger.problems[:20]))
    sys.exit(1 if ledger.problems or max(report.requests) > 1 else 0)


if __name__ == "__main__":
    main()
