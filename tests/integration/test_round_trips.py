"""How often a recognition asks the database: each time is a wait, and work on both sides."""

from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from adapters.embedded_postgres.server import EmbeddedPostgres
from adapters.postgres.engine import make_engine
from adapters.postgres.migrations import migrate
from application.ports.faces import NewFace
from domain.faces import Embedding
from domain.people import DEFAULT_COLLECTION
from tests.contract.storage import Storage, clear, on_postgres
from tests.integration.wire import Wire, wire_to

AT_MOST = 2


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def wire(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Wire]:
    """To a database with the schema."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("data"))
    try:
        async with wire_to(await server.start()) as wire:
            engine = make_engine(wire.url, 1)
            await migrate(engine)
            await engine.dispose()
            yield wire
    finally:
        await server.stop()


@pytest.fixture
async def wired(wire: Wire) -> AsyncIterator[tuple[Storage, Wire]]:
    """The storage of a service with one connection, which is watched."""
    engine = make_engine(wire.url, 1)
    await clear(engine)
    yield on_postgres(engine), wire
    await engine.dispose()


def face(number: int) -> Embedding:
    return Embedding.of(np.random.default_rng(number).standard_normal(128), "sface")


@pytest.mark.parametrize("people", [1, 40])
async def test_a_recognition_takes_two_round_trips_at_most(wired: tuple[Storage, Wire], people: int) -> None:
    storage, wire = wired
    for number in range(people):
        await storage.faces.add(NewFace(DEFAULT_COLLECTION, f"person {number}", face(number), "yunet"))
    await storage.gallery.search(face(0), DEFAULT_COLLECTION, 2)  # the first prepares its statements
    wire.sent.clear()
    found = await storage.gallery.search(face(people - 1), DEFAULT_COLLECTION, 2)
    assert found.candidates[0].name == f"person {people - 1}"
    assert 1 <= wire.round_trips <= AT_MOST
    assert wire.prepared == 0
