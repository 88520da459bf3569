"""A batch and the queue of the workers."""

import asyncio
import threading
from typing import Any, cast

from adapters.threads.pool import ThreadWorkerPool
from application.analysis.sources import Photo
from application.enrolment import BatchItem, EnrolBatch, EnrolmentOptions
from domain.errors import Busy


class Enrolling:
    """Says that the queue is full, the first time that a person is enrolled."""

    def __init__(self) -> None:
        self.tried: list[str] = []

    async def execute(self, person: str, *_: object) -> str:
        self.tried.append(person)
        if self.tried.count(person) == 1:
            raise Busy("full")
        return person


async def test_a_photo_waits_for_a_place_in_the_queue() -> None:
    pool, enrolling, gate = ThreadWorkerPool(workers=1, queue=0), Enrolling(), threading.Event()
    working = asyncio.create_task(pool.run(gate.wait))
    await asyncio.sleep(0)
    items = [BatchItem(name, Photo(b"")) for name in ("Ada", "Bea")]
    batch = EnrolBatch(cast("Any", enrolling), pool, parallel=2)
    running = asyncio.create_task(batch.execute(items, EnrolmentOptions()))
    await asyncio.sleep(0.2)
    assert enrolling.tried == ["Ada", "Bea"], "nothing is tried again before there is a place"
    gate.set()
    assert await asyncio.wait_for(running, 5) == ["Ada", "Bea"]
    assert await working
    pool.close()
