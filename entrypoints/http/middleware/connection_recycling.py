"""Asks clients that keep their connection to connect again now and then, so that processes share the work."""

import random

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

ANSWERS_PER_CONNECTION = 200
"""On average. A new connection takes some of a millisecond."""


async def recycle_connections(message: Message, _: Scope) -> None:
    """Close one connection in so many after its answer, and say so in the answer, as HTTP wants it.

    The kernel gives a connection to a process by a hash, for as long as it is open: all connections of a small pool
    may be with one process, and those from before the other processes were ready are with the first.
    """
    if message["type"] != "http.response.start":
        return
    if random.randrange(ANSWERS_PER_CONNECTION) == 0:  # noqa: S311 - no secret
        MutableScopeHeaders.from_message(message)["Connection"] = "close"
