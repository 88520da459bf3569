"""A batch and the queue of the workers."""

import asyncio
import threading
from functools import partial
from typing import Any, cast

from adapters.threads.pool import ThreadWorkerPool
from application.analysis.sources import Photo
from application.enrolment import BatchItem, EnrolBatch, EnrolledFace, EnrolmentOptions
from domain import errors
from domain.errors import Busy
from tests.unit.application.in_memory_service import InMemoryService
from tests.unit.fakes import BLUE, RED, InlineWorkers, photo
from tests.waiting import PATIENCE_S


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
    assert await asyncio.wait_for(running, PATIENCE_S) == ["Ada", "Bea"]
    assert await working
    pool.close()


async def test_a_bad_photo_of_a_batch_fails_alone_and_in_its_place(service: InMemoryService) -> None:
    items = [BatchItem("Red", photo(RED)), BatchItem("None", photo()), BatchItem("Blue", photo(BLUE))]
    red, none, blue = await EnrolBatch(service.register, InlineWorkers(), parallel=2).execute(
        items, EnrolmentOptions()
    )
    assert isinstance(red, EnrolledFace)
    assert isinstance(none, errors.NoFaceDetected)
    assert isinstance(blue, EnrolledFace)
    assert (red.face.name, blue.face.name) == ("Red", "Blue")


async def test_a_photo_of_a_batch_is_read_once_when_its_turn_has_come(service: InMemoryService) -> None:
    read: list[str] = []

    def reads(name: str) -> Photo:
        read.append(name)
        if name == "bad":
            raise errors.InvalidImage("It is damaged.")
        return photo(RED)

    items = [BatchItem("Ada", partial(reads, name)) for name in ("good", "bad")]
    good, bad = await EnrolBatch(service.register, InlineWorkers(), 1).execute(items, EnrolmentOptions())
    assert isinstance(good, EnrolledFace)
    assert isinstance(bad, errors.InvalidImage)
    assert read == ["good", "bad"]
