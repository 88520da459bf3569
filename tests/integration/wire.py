"""What goes over the wire to PostgreSQL: a proxy that counts the messages of clients."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import make_url

_HEAD = 5
"""Bytes: a letter that names the message, and the length of what follows (PostgreSQL's manual, 54.7)."""


@dataclass
class Wire:
    """Counts messages by their letters: each S (Sync) and Q (Query) waits for an answer, P (Parse) prepares."""

    url: str = ""
    sent: Counter[str] = field(default_factory=Counter)

    @property
    def round_trips(self) -> int:
        return self.sent["S"] + self.sent["Q"]

    @property
    def prepared(self) -> int:
        return self.sent["P"]

    def count(self, data: bytes) -> None:
        """Messages come whole: they are small, and the way is short."""
        while len(data) >= _HEAD:
            self.sent[chr(data[0])] += 1
            data = data[1 + int.from_bytes(data[1:_HEAD]) :]


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[Wire]:
    """A proxy to the embedded server of this URL, and the URL of the proxy."""
    parsed, wire = make_url(url), Wire()
    socket = f"{parsed.query['host']}/.s.PGSQL.{parsed.query['port']}"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, downstream = await asyncio.open_unix_connection(socket)

        async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter, *, count: bool) -> None:
            while data := await source.read(1 << 20):
                if count:
                    wire.count(data)
                target.write(data)
            target.close()

        with suppress(OSError):
            await asyncio.gather(pump(reader, downstream, count=True), pump(upstream, writer, count=False))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire.url = parsed.set(host="127.0.0.1", port=port, query={}).render_as_string()
    async with server:
        yield wire
