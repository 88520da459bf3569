"""`python -m tests.attacks.load`: more clients than a service has room for, for minutes, beside slow senders."""

import asyncio
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import click
import numpy as np
import psutil

from entrypoints.bootstrap.settings import Settings
from tests.attacks.clients import request, small_photo
from tests.e2e.service import Service, face_api
from tests.fuzz.faces import sample_faces
from tests.fuzz.memory import memory_mb
from tests.fuzz.run import errors_in

MOST_GROWTH = 1.05
SETTLED_S = 60.0
"""After which memory must not grow any more; a quarter of runs that are shorter than four times that."""

_PATIENCE_S = 90.0
_LOOKS = 5
_MOST_WARM_S = 300.0
_LOOK_S = 2.0
_SLOW_PIECE, _SLOW_PAUSE_S = 2048, 1.0
"""Half of the pace that the service asks for."""
_HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) .*?\r\ncontent-length: *(\d+)", re.DOTALL | re.IGNORECASE)
_RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)\r\n", re.IGNORECASE)
_REFUSED = {429, 503}


@dataclass(slots=True)
class Load:
    """What became of it."""

    statuses: Counter[int] = field(default_factory=Counter)
    """0: the connection ended without an answer."""
    without_retry_after: int = 0
    accepted_s: list[float] = field(default_factory=list)
    """Seconds that each answer of 200 took."""
    cut_off: int = 0
    """Connections of slow senders that the service has closed."""
    memory_mb: list[tuple[float, float, float]] = field(default_factory=list)
    """Seconds, and proportional set size of all processes of the service, and of those but the database's."""
    errors: list[str] = field(default_factory=list)

    @property
    def p99_s(self) -> float:
        """Of accepted requests."""
        return float(np.quantile(self.accepted_s, 0.99)) if self.accepted_s else float("inf")

    def memory_at(self, seconds: float, *, own: bool = False) -> float:
        """The median of five looks from then on, or of the last five; `own` without the database's processes."""
        later = [look for look in self.memory_mb if look[0] >= seconds]
        looks = (later if len(later) >= _LOOKS else self.memory_mb[-_LOOKS:])[:_LOOKS]
        return median([look[1 + own] for look in looks] or [0.0])

    def problems(self, seconds: float) -> list[str]:
        """The bounds that weren't held in a load of so many seconds."""
        settled = self.memory_at(min(SETTLED_S, seconds / 4))
        held = {
            f"statuses {dict(self.statuses)}": not set(self.statuses) - {200, *_REFUSED},
            f"{self.without_retry_after} refusals without Retry-After": not self.without_retry_after,
            f"p99 {self.p99_s:.1f} s": self.p99_s < Settings().deadline_s,
            "memory": self.memory_at(seconds) <= MOST_GROWTH * settled,
            "; ".join(self.errors[:3]): not self.errors,
        }
        return [what for what, holds in held.items() if not holds]

    def described(self, seconds: float) -> str:
        """One line."""
        settled_s = min(SETTLED_S, seconds / 4)
        settled, end = self.memory_at(settled_s), self.memory_at(seconds)
        own, own_end = self.memory_at(settled_s, own=True), self.memory_at(seconds, own=True)
        p50 = float(np.median(self.accepted_s)) if self.accepted_s else float("inf")
        return (
            f"{self.statuses[200] / seconds:.1f} answers a second, statuses {dict(self.statuses)},"
            f" p50 {p50:.2f} s, p99 {self.p99_s:.2f} s, slowest {max(self.accepted_s, default=0):.2f} s,"
            f" memory {settled:.0f} MB after {settled_s:.0f} s, {end:.0f} MB at the end"
            f" ({end / settled - 1:+.1%}), without the database {own:.0f} and {own_end:.0f} MB"
            f" ({own_end / own - 1:+.1%}), slow senders cut off {self.cut_off} times"
        )


def load(seconds: float, clients: int, slow_senders: int, warm: int = 0, enough: int | None = None) -> Load:
    """Load a service of its own, with a key, its audit trail and limits that nobody reaches.

    Args:
        seconds: of the load.
        clients: that ask again as soon as they are answered.
        slow_senders: connections beside them that send too slowly.
        warm: answers before the clock starts. A service's memory is whole after some hundreds, which two free cores
            answer within the first minute, and a busy machine doesn't.
        enough: answers after which it ends before its time.
    """
    photos = [small_photo(face) for face in sample_faces()]
    limits = {"FACE_REQUESTS_PER_MINUTE": "1000000", "FACE_CONCURRENT_PHOTOS": "10000"}
    with (
        tempfile.TemporaryDirectory(prefix="face-load-") as folder,
        Service(Path(folder), limits) as service,
    ):
        service.register("Eileen", photos[0], on_conflict="allow").raise_for_status()
        made = face_api(
            Path(folder), "keys", "create", "load", "--scope", "recognize", FACE_DATA_DIR=f"{folder}/data"
        )
        service.guarded()
        secret = made.stdout.strip()
        requests = [_with_key(request("/api/face/recognize", photo), secret) for photo in photos]
        if warm:
            asyncio.run(_load(service, requests, _MOST_WARM_S, clients, 0, warm))
        outcome = asyncio.run(_load(service, requests, seconds, clients, slow_senders, enough))
        service.stop()
        outcome.errors = errors_in(service.log.read_text())
    return outcome


def _with_key(whole: bytes, secret: str) -> bytes:
    return whole.replace(b"\r\n", b"\r\nX-API-Key: " + secret.encode() + b"\r\n", 1)


async def _load(
    service: Service,
    requests: Sequence[bytes],
    seconds: float,
    clients: int,
    slow_senders: int,
    most: int | None = None,
) -> Load:
    outcome = Load()
    begun = time.perf_counter()
    end = begun + seconds
    watch = asyncio.create_task(_watch(service.process.pid, outcome, begun))
    slow = [
        asyncio.create_task(_slow_sender(service.port, requests[0], outcome)) for _ in range(slow_senders)
    ]
    turns = [requests[number % len(requests)] for number in range(clients)]
    await asyncio.gather(*(_client(service.port, turn, end, outcome, most) for turn in turns))
    for task in (watch, *slow):
        task.cancel()
    await asyncio.gather(watch, *slow, return_exceptions=True)
    return outcome


async def _watch(process: int, outcome: Load, begun: float) -> None:
    while True:
        own = await asyncio.to_thread(_own_memory_mb, process)
        size = await asyncio.to_thread(memory_mb, process)
        outcome.memory_mb.append((time.perf_counter() - begun, size, own))
        await asyncio.sleep(_LOOK_S)


def _own_memory_mb(process: int) -> float:
    """Proportional set size of the processes without the database's, which run another program."""
    root = psutil.Process(process)
    total = 0
    for each in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            if each.exe() == root.exe():
                total += each.memory_full_info().pss
    return total / 1e6


async def _client(port: int, whole: bytes, end: float, outcome: Load, most: int | None) -> None:
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while (sent := time.perf_counter()) < end and (most is None or outcome.statuses[200] < most):
        pause_s = 0.0
        try:
            async with asyncio.timeout(_PATIENCE_S):
                connection = connection or await asyncio.open_connection("127.0.0.1", port)
                connection[1].write(whole)
                status, head = await _answer(connection[0])
        except (TimeoutError, OSError, EOFError):
            status, head = 0, b""
        outcome.statuses[status] += 1
        if status == 200:
            outcome.accepted_s.append(time.perf_counter() - sent)
        elif status in _REFUSED:
            found = _RETRY_AFTER.search(head)
            outcome.without_retry_after += found is None
            pause_s = float(found[1]) if found else 1.0
        if (status == 0 or b"connection: close" in head.lower()) and connection is not None:
            connection[1].close()
            connection = None
        await asyncio.sleep(min(pause_s, max(0.0, end - time.perf_counter())))
    if connection is not None:
        connection[1].close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    found = _HEAD.match(head)
    if found is None:
        raise EOFError
    await reader.readexactly(int(found[2]))
    return int(found[1]), head


async def _slow_sender(port: int, whole: bytes, outcome: Load) -> None:
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            closed = asyncio.create_task(reader.read())
            try:
                await _send_slowly(writer, closed, whole, outcome)
            finally:
                closed.cancel()
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
        await asyncio.sleep(0.1)


async def _send_slowly(
    writer: asyncio.StreamWriter, closed: asyncio.Task[bytes], whole: bytes, outcome: Load
) -> None:
    for at in range(0, 1000 * _SLOW_PIECE, _SLOW_PIECE):
        writer.write(whole[at : at + _SLOW_PIECE] if at + _SLOW_PIECE < len(whole) else b"")
        done, _ = await asyncio.wait({closed}, timeout=_SLOW_PAUSE_S)
        if done:
            outcome.cut_off += 1
            return


@click.command()
@click.option("--clients", type=click.IntRange(1, 1000), default=64, show_default=True)
@click.option("--seconds", type=click.FloatRange(5, 3600), default=300.0, show_default=True)
@click.option("--slow-senders", type=click.IntRange(0, 900), default=0, show_default=True)
@click.option(
    "--warm", type=click.IntRange(0, 100_000), default=1000, show_default=True, help="answers before"
)
def main(clients: int, seconds: float, slow_senders: int, warm: int) -> None:
    """Load a service; the exit status is 1 if one of the bounds isn't held."""
    outcome = load(seconds, clients, slow_senders, warm)
    problems = outcome.problems(seconds)
    click.echo(outcome.described(seconds))
    for problem in problems:
        click.echo(f"NOT HELD: {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
