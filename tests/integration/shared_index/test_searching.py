"""Search by a shared index, while others write and Milvus comes and goes."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.gallery_index.milvus import catching_up, gallery, view
from adapters.gallery_index.milvus.connection import MilvusConnection
from adapters.gallery_index.milvus.service import SharedIndexService
from domain.errors import CollectionNotFound, IndexUnavailable
from domain.people import DEFAULT_COLLECTION as DEFAULT
from tests.contract.enrolment import random_embedding
from tests.integration.shared_index.conftest import KEY, SIZE, Instance, instance


class Switch:
    """Milvus goes away, and comes back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.off = False
        call = MilvusConnection.call

        async def calling(connection: MilvusConnection, *arguments: Any, **named: Any) -> Any:
            if self.off:
                raise IndexUnavailable
            return await call(connection, *arguments, **named)

        monkeypatch.setattr(MilvusConnection, "call", calling)


@pytest.fixture
def milvus_down(monkeypatch: pytest.MonkeyPatch) -> Switch:
    return Switch(monkeypatch)


async def test_what_is_not_followed_yet_is_in_the_answer(service: Instance) -> None:
    faces = await service.enrol(*range(20))
    await service.follow()
    assert await service.nearest(3) == ["3"]

    await service.storage.faces.delete(DEFAULT, faces[3])
    assert "3" not in await service.nearest(3, 20)
    await service.enrol(30)
    assert await service.nearest(30) == ["30"]
    person = (await service.gallery.search(random_embedding(4, SIZE), DEFAULT, 1)).candidates[0]
    await service.storage.profiles.update(DEFAULT, person.profile_id, "Ann")
    assert await service.nearest(4) == ["Ann"]
    assert (await service.gallery.search(random_embedding(0, SIZE), DEFAULT, 1)).searched == 20
    assert service.database.searches == 0


async def test_another_instance_follows_and_this_one_answers(service: Instance, other: Instance) -> None:
    await service.enrol(*range(5))
    await service.follow()
    await other.view.refresh()
    (face,) = await service.enrol(7)
    await other.follow()
    assert await service.nearest(7) == await other.nearest(7) == ["7"]
    await service.storage.faces.delete(DEFAULT, face)
    assert "7" not in await other.nearest(7, 5)
    assert service.database.searches == other.database.searches == 0


async def test_one_instance_follows_at_a_time(service: Instance, other: Instance) -> None:
    await service.enrol(1)
    async with other.index.feed.alone("follow") as lease:
        assert lease is not None
        assert await service.index.follow() == ()
        assert await service.index.serving() == []
    await service.follow()
    assert len(await service.index.serving()) == 1


async def test_faces_of_a_deleted_collection_leave_the_index(service: Instance) -> None:
    await service.storage.collections.create("staff")
    await service.enrol(1, 2, collection="staff")
    await service.enrol(3)
    await service.follow()
    assert await service.nearest(1, collection="staff") == ["1"]
    await service.storage.collections.delete("staff")
    with pytest.raises(CollectionNotFound):
        await service.nearest(1, collection="staff")
    await service.follow()
    (serving,) = await service.index.serving()
    rows = service.index.rows(serving)
    assert [await rows.count(name) for name in ("staff", DEFAULT)] == [0, 1]
    assert [key.collection for key in await rows.notes()] == [DEFAULT]


async def test_the_last_face_leaves_the_index(service: Instance) -> None:
    (face,) = await service.enrol(1)
    await service.follow()
    await service.storage.faces.delete(DEFAULT, face)
    await service.follow()
    (serving,) = await service.index.serving()
    assert await service.index.rows(serving).count(DEFAULT) == 0


async def test_without_milvus_small_galleries_are_searched_and_large_ones_refused(
    service: Instance, engine: AsyncEngine, milvus: MilvusConnection, milvus_down: Switch
) -> None:
    patient = instance(engine, milvus, fallback_faces=4)
    await service.enrol(*range(4))
    for each in (service, patient):
        await each.follow()
    milvus_down.off = True
    with pytest.raises(IndexUnavailable):
        await service.nearest(2)
    assert await patient.nearest(2) == ["2"]
    await service.enrol(9)
    with pytest.raises(IndexUnavailable):
        await patient.nearest(9)
    with pytest.raises(IndexUnavailable):
        await service.view.refresh()
    assert not service.view.available

    milvus_down.off = False
    await service.follow()
    assert await service.nearest(9) == ["9"]
    assert (service.view.available, service.database.searches, patient.database.searches) == (True, 0, 1)


async def test_a_search_waits_for_an_index_that_is_far_behind(
    service: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.enrol(1)
    await service.follow()
    monkeypatch.setattr(service.index.feed, "_max_changes", 3)
    monkeypatch.setattr(gallery, "PATIENCE_S", 60.0)
    await service.enrol(*range(10, 20))
    searching = asyncio.create_task(service.nearest(15))
    await asyncio.sleep(0)
    await service.follow()
    assert await searching == ["15"]
    assert service.database.searches == 0


async def test_an_index_that_another_has_built_again_goes_on_answering(
    service: Instance, other: Instance
) -> None:
    await service.enrol(*range(5))
    await service.follow()
    (before,) = await other.index.serving()
    other.index.generations.index_type = "IVF_FLAT"
    assert await other.index.build(before.series)
    (after,) = await other.index.serving()
    assert (after.number, after.index_type) == (before.number + 1, "IVF_FLAT")
    assert await service.index.generations.all() == [after]
    assert await service.nearest(3) == ["3"]
    assert service.database.searches == 0


async def test_an_index_of_another_database_is_built_again(service: Instance, engine: AsyncEngine) -> None:
    faces = await service.enrol(*range(5))
    await service.follow()
    (before,) = await service.index.serving()
    rows = service.index.rows(before)
    note = (await rows.notes())[KEY]
    await rows.note(msgspec.structs.replace(note, token=f"1{note.token}"))
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM face WHERE id > :last"), {"last": faces[2]})
        await connection.execute(text("DELETE FROM removed_face"))
    await service.view.refresh()
    with pytest.raises(IndexUnavailable):
        await service.nearest(1)
    await service.follow()
    assert await service.nearest(1) == ["1"]
    assert (await service.gallery.search(random_embedding(4, SIZE), DEFAULT, 1)).searched == 3


async def test_lag_is_how_long_the_oldest_change_waits(
    service: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    for module in (view, catching_up):
        monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: now[0]))
    await service.enrol(1)
    await service.follow()
    await service.view.measure()
    assert service.view.lag_s == 0
    now[0] += 100
    await service.view.measure()
    assert service.view.lag_s == 0
    await service.enrol(2)
    now[0] += 7
    await service.view.measure()
    assert service.view.lag_s == 7
    await service.follow()
    await service.view.measure()
    assert service.view.lag_s == 0


async def test_a_service_follows_by_itself(service: Instance) -> None:
    await service.enrol(1)
    running = SharedIndexService(service.index, service.view, service.gallery.counts)
    before = running.ready
    close, service.index.connection.close = service.index.connection.close, _nothing  # type: ignore[method-assign]
    try:
        async with running.running(), asyncio.timeout(120):
            while service.view.get(KEY) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            assert (before, running.ready, running.degraded) == (False, True, ())
    finally:
        service.index.connection.close = close  # type: ignore[method-assign]
    assert await service.nearest(1) == ["1"]


async def _nothing() -> None:
    pass
