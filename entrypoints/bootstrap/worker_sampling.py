"""Figures of this process and its workers, which are looked at once a second."""

import asyncio
from pathlib import Path
from resource import getpagesize

from adapters.prometheus.metrics import MEMORY, QUEUED, WORKERS, WORKERS_BUSY
from adapters.threads.measured import MeasuredWorkerPool

SAMPLE_S = 1.0


async def sample_workers(pool: MeasuredWorkerPool) -> None:
    """Look at them until this is cancelled."""
    WORKERS.set(pool.workers)
    while True:
        QUEUED.set(pool.queued)
        WORKERS_BUSY.set(pool.busy)
        MEMORY.set(_resident_bytes())
        await asyncio.sleep(SAMPLE_S)


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * getpagesize()
