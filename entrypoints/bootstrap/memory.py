"""Memory of a process that answers: what is looked through for garbage, and what is given back."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from adapters.system.machine import return_freed_memory
from application.background import in_background

EVERY_S = 5.0
_WORK_S = 0.2
"""Processor time of this process, without which there is nothing to give back."""

_YOUNG_OBJECTS = 10_000
"""Objects that are made, and not freed, before the collector looks through them: a request makes some hundreds.

Python's 700 had it look several times a request, in the middle of answers.
"""
_YOUNG_COLLECTIONS, _MIDDLE_COLLECTIONS = 10, 20
"""After which the older objects are looked through, too."""


def collect_garbage_seldom() -> None:
    """Let the collector of cyclic garbage work for requests only: what is there now stays until the end."""
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, _YOUNG_COLLECTIONS, _MIDDLE_COLLECTIONS)


def give_back_memory() -> None:
    """Collect garbage, which may hold photos and is looked for seldom, and return what has been freed."""
    gc.collect()
    return_freed_memory()


@asynccontextmanager
async def giving_back_memory(
    give_back: Callable[[], object] = give_back_memory, every_s: float = EVERY_S, work_s: float = _WORK_S
) -> AsyncIterator[None]:
    """Give it back every few seconds in which this process has worked.

    The C library keeps what each thread has freed for the same thread: after a peak it would be the process's for
    good. It takes 5 ms, and the next photos 20 ms more.
    """
    async with in_background(_give_back(give_back, every_s, work_s)):
        yield


async def _give_back(give_back: Callable[[], object], every_s: float, work_s: float) -> None:
    spent = 0.0
    while True:
        await asyncio.sleep(every_s)
        if time.process_time() - spent > work_s:
            await asyncio.to_thread(give_back)
            spent = time.process_time()
