"""Waiting for what other tasks, threads and processes do: for a condition, as long as a loaded machine may take."""

import asyncio
import time
from collections.abc import Callable

PATIENCE_S = 120
"""Only a failure takes so long."""


def wait_until(true: Callable[[], object], why: str = "it does not happen") -> None:
    """Wait, in this thread, until a condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


async def until(true: Callable[[], object], why: str = "it does not happen") -> None:
    """Let other tasks run until a condition holds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    while not true():
        assert loop.time() < deadline, why
        await asyncio.sleep(0.01)
