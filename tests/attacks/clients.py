"""Clients over raw sockets, so that a thousand requests a second cost little: good ones, and loops of attackers."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO

from PIL import Image as Pillow

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]

GOOD_CLIENTS = 10
_SIDE = 250
_PAUSE_S = 0.1
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


def request(target: str, body: bytes = b"", kind: str = "image/jpeg", method: str = "POST") -> bytes:
    """A whole HTTP request."""
    head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def small_photo(face: bytes) -> bytes:
    """A photo of 250 pixels, as good clients send it."""
    file = BytesIO()
    Pillow.open(BytesIO(face)).convert("RGB").resize((_SIDE, _SIDE)).save(file, "JPEG", quality=90)
    return file.getvalue()


@dataclass(slots=True)
class Tally:
    """What clients were answered in some seconds."""

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    """0 where the connection ended without an answer."""
    slowest_s: float = 0.0

    @property
    def rate(self) -> float:
        """Successful answers a second."""
        return self.statuses[200] / self.seconds

    @property
    def busy(self) -> float:
        """The share of answers that were 503."""
        return self.statuses[503] / max(1, self.statuses.total())


@dataclass(frozen=True, slots=True)
class Origin:
    """From where clients reach a service of this machine."""

    port: int
    """The service's."""
    addresses: Sequence[str]
    """Of the clients, which have them by turns; all of 127.0.0.0/8 is this machine's."""

    async def connect(self, number: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The connection of the client of a number."""
        local = self.addresses[number % len(self.addresses)]
        return await asyncio.open_connection("127.0.0.1", self.port, local_addr=(local, 0))


async def good_clients(port: int, photo: bytes, seconds: float) -> Tally:
    """Ten clients, each with an address of its own, that recognise one photo after the other."""
    origin = Origin(port, [f"127.0.1.{number}" for number in range(1, GOOD_CLIENTS + 1)])
    return await repeat(origin, lambda: request("/api/face/recognize", photo), GOOD_CLIENTS, seconds)


async def repeat(
    origin: Origin,
    make: Callable[[], bytes],
    clients: int,
    seconds: float,
    pause_s: float = 0.0,
    enough: Callable[[Tally], bool] = lambda _: False,
) -> Tally:
    """Clients that send one request after the other for some seconds, or until it is enough, each after a pause."""
    tally = Tally(seconds)
    end = time.perf_counter() + seconds
    connects = [partial(origin.connect, number) for number in range(clients)]
    await asyncio.gather(*(_client(connect, make, end, tally, pause_s, enough) for connect in connects))
    return tally


async def _client(
    connect: Connect,
    make: Callable[[], bytes],
    end: float,
    tally: Tally,
    pause_s: float,
    enough: Callable[[Tally], bool],
) -> None:
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while (left := end - time.perf_counter()) > 0 and not enough(tally):
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(left):
                connection = connection or await connect()
                status = await _exchange(*connection, make())
        except TimeoutError:
            break
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            status = 0
        tally.statuses[status] += 1
        tally.slowest_s = max(tally.slowest_s, time.perf_counter() - begun)
        await asyncio.sleep(_PAUSE_S if status in {0, 503} else pause_s)
        if status == 0 and connection is not None:
            connection[1].close()
            connection = None
    if connection is not None:
        connection[1].close()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> int:
    writer.write(data)
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    status, length = _STATUS.match(head), _LENGTH.search(head)
    if status is None or length is None:
        return 0
    await reader.readexactly(int(length[1]))
    if b"connection: close" in head.lower():
        writer.close()
        raise ConnectionResetError
    return int(status[1])


async def hold(origin: Origin, starts: Sequence[bytes], seconds: float) -> None:
    """Connections that send a beginning and then nothing; those that are closed are opened again."""
    end = time.perf_counter() + seconds
    await asyncio.gather(
        *(_holder(partial(origin.connect, number), start, end) for number, start in enumerate(starts))
    )


async def _holder(connect: Connect, start: bytes, end: float) -> None:
    while (left := end - time.perf_counter()) > 0:
        try:
            async with asyncio.timeout(left):
                reader, writer = await connect()
                try:
                    writer.write(start)
                    await writer.drain()
                    await reader.read()
                finally:
                    writer.close()
        except TimeoutError:
            return
        except OSError:
            pass
        await asyncio.sleep(_PAUSE_S)
