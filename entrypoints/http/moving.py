"""Clients that keep their connection are asked to connect again now and then, so that processes share the work."""

import random

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

ONE_IN = 200
"""Answers. To connect again takes some of a millisecond."""


async def move_on(message: Message, _: Scope) -> None:
    """Close one connection in so many after its answer, and say so in the answer, as HTTP wants it.

    The kernel gives a connection to a process by a hash, for as long as it is kept: all of a small pool's may be one
    process's, and those from before the other processes were ready are the first's.
    """
    if message["type"] == "http.response.start" and random.randrange(ONE_IN) == 0:  # noqa: S311 - no secret
        MutableScopeHeaders.from_message(message)["Connection"] = "close"
