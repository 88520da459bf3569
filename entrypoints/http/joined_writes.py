"""Sending the head of an answer with the beginning of its body."""

import asyncio

_MOST_BYTES = 65_536
"""Of a body's beginning that is copied behind the head; a longer one is sent by itself."""


class JoinedWrites:
    """The transport of one answer: what uvicorn writes first, the head, waits for what it writes next.

    One system call instead of two, and the client wakes once. A head whose body doesn't follow at once is sent in the
    next iteration of the event loop.
    """

    __slots__ = ("_first", "_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._first = True
        self._held = b""

    def write(self, data: bytes) -> None:
        """Send it, or hold it back if it is the first."""
        if self._first:
            self._first = False
            self._held = data
            self._loop.call_soon(self._send_held)
            return
        if self._held and len(data) <= _MOST_BYTES:
            data, self._held = self._held + data, b""
        self._send_held()
        self._transport.write(data)

    def close(self) -> None:
        """Close the connection once everything is sent."""
        self._send_held()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection is closed or about to be."""
        return self._transport.is_closing()

    def _send_held(self) -> None:
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._transport.write(held)
