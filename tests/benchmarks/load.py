"""A load of clients, each of which asks again as soon as it is answered; to this machine only.

Requests are made before the clock runs, connections are kept, and of an answer only status and length are read:
a request costs the generator a tenth of a millisecond, which every run measures.
"""

import asyncio
import itertools
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import uvloop

HOST = "127.0.0.1"
RECOGNISE = "/api/face/recognize"

_MOST_CLIENTS, _LONGEST_S = 256, 600.0
_PATIENCE_S = 60.0
_HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) .*\r\ncontent-length: (\d+)\r\n", re.DOTALL | re.IGNORECASE)
_BOUNDARY = b"face-api-bench"


@dataclass(slots=True)
class Outcome:
    """What became of a load."""

    seconds: float = 0.0
    processor_s: float = 0.0
    """What the generator itself computed."""
    answered: list[float] = field(default_factory=list)
    """Seconds that each answer took."""
    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0
    """Connections that ended before the answer did."""

    @property
    def errors(self) -> int:
        """What a client can't use: answers of 500 and more, and broken connections."""
        failed = sum(n for status, n in self.statuses.items() if status >= HTTPStatus.INTERNAL_SERVER_ERROR)
        return failed + self.broken

    @property
    def unexpected(self) -> int:
        """Answers that are neither 200 nor 404, which says that nobody is known, and broken connections."""
        expected = self.statuses[HTTPStatus.OK] + self.statuses[HTTPStatus.NOT_FOUND]
        return self.statuses.total() - expected + self.broken

    @property
    def per_second(self) -> float:
        """Good answers a second."""
        return (len(self.answered) + self.broken - self.errors) / self.seconds


def photo_request(
    photo: bytes, path: str = RECOGNISE, field: str = "image", others: Mapping[str, str] | None = None
) -> bytes:
    """POST a form with the photo in a field, behind other fields, as a browser sends it."""
    parts = [
        *((f'name="{name}"', value.encode()) for name, value in (others or {}).items()),
        (f'name="{field}"; filename="photo.jpg"\r\nContent-Type: image/jpeg', photo),
    ]
    body = b"".join(
        b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (_BOUNDARY, head.encode(), content)
        for head, content in parts
    )
    return _request(path, b"multipart/form-data; boundary=" + _BOUNDARY, body + b"--%b--\r\n" % _BOUNDARY)


def json_request(body: bytes, path: str = RECOGNISE) -> bytes:
    """POST JSON."""
    return _request(path, b"application/json", body)


def _request(path: str, kind: bytes, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n".encode()
    return head + b"Content-Type: " + kind + b"\r\n\r\n" + body


def run(
    port: int, requests: Sequence[bytes], clients: int, seconds: float, most: int | None = None
) -> Outcome:
    """Ask for so many seconds, or until `most` requests were sent, and wait for what is on its way.

    Raises:
        ValueError: more clients or seconds than are meant to be used.
    """
    if not (0 < clients <= _MOST_CLIENTS and 0 < seconds <= _LONGEST_S):
        raise ValueError(f"at most {_MOST_CLIENTS} clients and {_LONGEST_S:g} seconds")
    return uvloop.run(_run(port, requests, clients, seconds, most))


async def _run(
    port: int, requests: Sequence[bytes], clients: int, seconds: float, most: int | None
) -> Outcome:
    outcome = Outcome()
    queue = itertools.islice(itertools.cycle(requests), most)
    computed, start = time.process_time(), time.perf_counter()
    until = start + seconds
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(_client(port, queue, until, outcome))
    outcome.seconds = time.perf_counter() - start
    outcome.processor_s = time.process_time() - computed
    return outcome


async def _client(port: int, requests: Iterator[bytes], until: float, outcome: Outcome) -> None:
    try:
        while await _over_a_connection(port, requests, until, outcome):
            pass
    except (OSError, EOFError, ValueError):
        outcome.broken += 1


async def _over_a_connection(port: int, requests: Iterator[bytes], until: float, outcome: Outcome) -> bool:
    """Whether to go on over another one, since the service closes this."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        while time.perf_counter() < until and (request := next(requests, None)) is not None:
            start = time.perf_counter()
            writer.write(request)
            async with asyncio.timeout(_PATIENCE_S):
                status, closes = await _answer(reader)
            outcome.answered.append(time.perf_counter() - start)
            outcome.statuses[status] += 1
            if closes:
                return True
        return False
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status, when all of the answer has arrived, and whether it was the last of the connection.

    Raises:
        ValueError: it is no answer with a length.
    """
    head = await reader.readuntil(b"\r\n\r\n")
    found = _HEAD.match(head)
    if found is None:
        raise ValueError("no answer with a length")
    await reader.readexactly(int(found[2]))
    return int(found[1]), b"\r\nconnection: close\r\n" in head.lower()
