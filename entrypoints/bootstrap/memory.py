"""Giving back the memory that requests have freed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from adapters.system.machine import return_freed_memory

EVERY_S = 5.0
_WORK_S = 0.2
"""Processor time of this process, without which there is nothing to give back."""


@asynccontextmanager
async def giving_back_memory(
    give_back: Callable[[], object] = return_freed_memory, every_s: float = EVERY_S, work_s: float = _WORK_S
) -> AsyncIterator[None]:
    """Give it back every few seconds in which this process has worked.

    The C library keeps what each thread has freed for the same thread: after a peak it would be the process's for
    good. It takes 5 ms, and the next photos 20 ms more.
    """
    task = asyncio.create_task(_give_back(give_back, every_s, work_s))
    try:
        yield
    finally:
        task.cancel()


async def _give_back(give_back: Callable[[], object], every_s: float, work_s: float) -> None:
    spent = 0.0
    while True:
        await asyncio.sleep(every_s)
        if time.process_time() - spent > work_s:
            await asyncio.to_thread(give_back)
            spent = time.process_time()
