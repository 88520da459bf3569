"""Sends random requests to a service, and judges its answers, its log and its memory."""

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.e2e.service import Service
from tests.fuzz.requests import Known, Request, Requests

DEADLINE_S = 90.0
"""By which every request has its answer: three times as long as a service takes for one at most."""

_ALLOWED_SERVER_ERRORS = {503, 507}
_TRACEBACK = re.compile(r"Traceback|ERROR|CRITICAL")


@dataclass(slots=True)
class Outcome:
    """What has come of the requests."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest_s: float = 0.0
    wrong: list[str] = field(default_factory=list)
    """Requests with a forbidden answer, or none in time, so that they can be repeated."""

    def add(self, other: "Outcome") -> None:
        """Join what has come of other requests."""
        self.statuses += other.statuses
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        self.wrong += other.wrong


async def send(
    port: int,
    count: int,
    seed: int,
    faces: Sequence[bytes],
    known: Known,
    clients: int = 8,
    *,
    first: int = 0,
) -> Outcome:
    """Send `count` requests over several connections at once.

    Args:
        port: of the service, on 127.0.0.1.
        count: number of requests.
        seed: equal ones give equal requests.
        faces: photos with faces, as files.
        known: what the clients know of the service.
        clients: concurrent connections.
        first: number of the first request.
    """
    outcome = Outcome()
    await asyncio.gather(
        *(
            _client(port, range(first + start, first + count, clients), seed, faces, known, outcome)
            for start in range(clients)
        )
    )
    return outcome


def acquainted(service: Service, sessions: int = 8) -> Known:
    """Have an API key and some liveness sessions; those of an earlier call end after a minute."""
    client = service.client
    if "x-api-key" not in client.headers:
        made = client.post("/api/key", json={"name": "fuzz", "scopes": ["admin"]})
        client.headers["x-api-key"] = made.json()["data"]["secret"]
    started = [client.post("/api/face/liveness/session").json()["data"] for _ in range(sessions)]
    return Known(client.headers["x-api-key"], [(each["id"], each["nonce"]) for each in started])


def errors_in(log: str) -> list[str]:
    """Lines that no request may cause."""
    return [line for line in log.splitlines() if _TRACEBACK.search(line)]


async def _client(
    port: int, numbers: Iterable[int], seed: int, faces: Sequence[bytes], known: Known, outcome: Outcome
) -> None:
    for number in numbers:
        # A generator for each request, so that any one of them can be made again.
        request = Requests(random.Random(f"{seed}:{number}"), faces, known).any()
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(DEADLINE_S):
                status = await exchange(port, request)
        except TimeoutError:
            outcome.wrong.append(
                f"{seed}:{number} {request.method} {request.target[:80]}: no answer in {DEADLINE_S:.0f} s"
            )
            continue
        outcome.slowest_s = max(outcome.slowest_s, time.perf_counter() - begun)
        outcome.statuses[status] += 1
        if status >= 500 and status not in _ALLOWED_SERVER_ERRORS:
            outcome.wrong.append(f"{_shown(seed, number, request)}: {status}")


def _shown(seed: int, number: int, request: Request) -> str:
    return f"{seed}:{number} {request.method} {request.target[:80]}"


async def exchange(port: int, request: Request) -> int:
    """The status of the answer; 0 where the connection ends without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request.wire(f"127.0.0.1:{port}"))
        await writer.drain()
        if request.cut is not None:
            return 0
        line = await reader.readline()
        found = re.match(rb"HTTP/1\.[01] (\d{3}) ", line)
        if found is None:
            return 0
        if found[1] == b"100":
            await reader.readuntil(b"\r\n\r\n")
            found = re.match(rb"HTTP/1\.[01] (\d{3}) ", await reader.readline()) or found
        return int(found[1])
    except (ConnectionError, asyncio.IncompleteReadError):
        return 0
    finally:
        writer.close()
