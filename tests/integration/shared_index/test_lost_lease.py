"""A follower that has lost its lease in the middle of a write."""

import asyncio
import time
from dataclasses import dataclass, field

import msgspec
import pytest
from typing_extensions import override

from adapters.gallery_index.milvus.catching_up import ARRIVES_S, CatchingUp
from adapters.gallery_index.milvus.generations import series_of
from adapters.gallery_index.milvus.rows import IndexRows, Progress
from adapters.gallery_index.milvus.verification import Drift, VerifyIndex
from application.ports.change_feed import FaceRows, GalleryKey
from application.ports.shared_index import Lease
from domain.errors import Unavailable
from domain.people import DEFAULT_COLLECTION as DEFAULT
from domain.people import FaceId
from tests.integration.shared_index.conftest import KEY, Instance

WAIT_S = 60.0


@dataclass
class LeaseOfTest(Lease):
    """Held until it is lost."""

    held: bool = True

    @override
    async def check(self) -> None:
        if not self.held:
            raise Unavailable("The database does not answer.")


@dataclass
class Network:
    """Keeps the writes of one follower from reaching Milvus for a while."""

    sent: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)


class SlowRows(IndexRows):
    """Those of a follower whose writes come late."""

    network: Network

    @override
    async def write(self, gallery: GalleryKey, faces: FaceRows) -> None:
        self.network.sent.set()
        await self.network.open.wait()
        await super().write(gallery, faces)


async def verified(service: Instance) -> Drift:
    (drift,) = await VerifyIndex(service.index, repair=False, on_progress=lambda _: None).execute()
    return drift


async def progress(service: Instance) -> Progress:
    (serving,) = await service.index.serving()
    return (await service.index.rows(serving).notes())[KEY]


async def cut_off(service: Instance, other: Instance, deleted: FaceId) -> None:
    """One follower writes what has changed; before that arrives it has lost its lease, and the other has followed."""
    (serving,) = await service.index.serving()
    rows, lease = SlowRows(service.index.connection, serving), LeaseOfTest()
    rows.network = Network()
    late = CatchingUp(service.index.feed, rows, lease)
    writing = asyncio.create_task(late.run(KEY, (await rows.notes()).get(KEY)))
    async with asyncio.timeout(WAIT_S):
        await rows.network.sent.wait()
        lease.held = False
        await service.storage.faces.delete(DEFAULT, deleted)
        await other.index.follow()
        rows.network.open.set()
        with pytest.raises(Unavailable):
            await writing


async def test_what_it_wrote_late_is_put_right(service: Instance, other: Instance) -> None:
    await service.enrol(*range(5))
    await service.index.build(series_of(KEY))
    (late, _) = await service.enrol(10, 11)
    await cut_off(service, other, late)
    assert (await verified(service)).orphaned == 1
    begun = await progress(service)
    assert begun.unfinished

    # It isn't time yet: another write may still arrive.
    await other.index.follow()
    assert (await progress(service)).unfinished == begun.unfinished
    await other.view.refresh()
    assert await other.nearest(10) != ["10"]

    (serving,) = await service.index.serving()
    earlier = msgspec.structs.replace(begun, unfinished_at=time.time() - ARRIVES_S - 1)
    await service.index.rows(serving).note(earlier)
    await other.index.follow()
    assert (await verified(service)).differences == 0
    assert not (await progress(service)).unfinished


async def test_nothing_remains_of_a_write_that_was_finished(service: Instance) -> None:
    await service.enrol(*range(3))
    await service.follow()
    await service.enrol(10)
    await service.follow()
    assert not (await progress(service)).unfinished


async def test_who_goes_on_with_a_build_remembers_that_it_was_begun(service: Instance) -> None:
    """Whoever began it may still be writing: this is put right once the index is searched."""
    await service.enrol(*range(3))
    generation = await service.index.generations.create(series_of(KEY), 1, KEY.dimensions)
    rows, token = service.index.rows(generation), await service.index.feed.snapshot()
    await rows.note(
        Progress(
            collection=KEY.collection,
            model=KEY.model,
            dimensions=KEY.dimensions,
            token=token,
            at=time.time(),
            filled=False,
        )
    )
    assert await service.index.build(series_of(KEY))
    assert await service.index.serving() == [generation]
    assert (await progress(service)).unfinished == token
