"""Figures of this process and its workers, which are looked at once a second."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from resource import getpagesize

from adapters.prometheus.metrics import MEMORY, QUEUED, WORKERS, WORKERS_BUSY
from adapters.threads.measured import MeasuredWorkerPool
from application.background import in_background

SAMPLE_S = 1.0


@asynccontextmanager
async def sampling_workers(pool: MeasuredWorkerPool) -> AsyncIterator[None]:
    """Look at them as long as the process answers."""
    async with in_background(_sample(pool)):
        yield


async def _sample(pool: MeasuredWorkerPool) -> None:
    WORKERS.set(pool.workers)
    while True:
        QUEUED.set(pool.queued)
        WORKERS_BUSY.set(pool.busy)
        MEMORY.set(_resident_bytes())
        await asyncio.sleep(SAMPLE_S)


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * getpagesize()
