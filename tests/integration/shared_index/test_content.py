"""What is in Milvus after interruptions, and after it was changed behind the service's back."""

from collections.abc import Callable

import numpy as np
import pytest

from adapters.gallery_index.milvus import catching_up
from adapters.gallery_index.milvus.generations import series_of
from adapters.gallery_index.milvus.rows import IndexRows
from adapters.gallery_index.milvus.status import index_status
from adapters.gallery_index.milvus.verification import Drift, VerifyIndex
from application.ports.change_feed import FaceRows, GalleryKey
from domain.people import DEFAULT_COLLECTION as DEFAULT
from tests.contract.enrolment import random_embedding
from tests.integration.shared_index.conftest import KEY, MODEL, SIZE, Instance

Write = Callable[[IndexRows, GalleryKey, FaceRows], object]


class Killed(BaseException):
    """In place of a signal: nothing that comes after is done."""


@pytest.fixture
def killing(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Die right after so many writes have reached Milvus, and before that is noted."""
    left = [-1]
    write = IndexRows.write

    async def writing(rows: IndexRows, gallery: GalleryKey, faces: FaceRows) -> None:
        await write(rows, gallery, faces)
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    monkeypatch.setattr(IndexRows, "write", writing)
    monkeypatch.setattr(catching_up, "_PAGE_BYTES", 4 * SIZE * 3)
    return lambda writes: left.__setitem__(0, writes)


async def verified(service: Instance, *, repair: bool = False) -> Drift:
    (drift,) = await VerifyIndex(service.index, repair=repair, on_progress=lambda _: None).execute()
    return drift


def vectors(*seeds: int) -> np.ndarray:
    return np.array([random_embedding(seed, SIZE).vector for seed in seeds])


async def test_a_build_that_was_killed_goes_on_where_it_was(
    service: Instance, killing: Callable[[int], None]
) -> None:
    faces = await service.enrol(*range(10))
    killing(2)
    with pytest.raises(Killed):
        await service.index.build(series_of(KEY))
    assert await service.index.serving() == []
    (unfinished,) = await service.index.generations.all()
    (note,) = (await service.index.rows(unfinished).notes()).values()
    assert (note.filled, note.after) == (False, faces[2])
    assert (await index_status(service.index))[0].building == unfinished.name

    await service.storage.faces.delete(DEFAULT, faces[0])
    await service.enrol(20)
    await service.index.build(series_of(KEY))
    assert await service.index.serving() == [unfinished]
    drift = await verified(service)
    assert (drift.filled, drift.checked, drift.differences) == (True, 10, 0)


async def test_following_that_was_killed_is_done_again(
    service: Instance, killing: Callable[[int], None]
) -> None:
    faces = await service.enrol(*range(5))
    await service.follow()
    await service.enrol(10, 11)
    await service.storage.faces.delete(DEFAULT, faces[1])
    killing(1)
    with pytest.raises(Killed):
        await service.index.follow()
    assert (await verified(service)).differences == 0
    (state,) = (await index_status(service.index))[0].galleries
    assert (state.faces, state.indexed, state.pending) == (6, 6, 3)
    await service.index.follow()
    (state,) = (await index_status(service.index))[0].galleries
    assert (state.faces, state.indexed, state.pending) == (6, 6, 0)
    assert (await verified(service)).differences == 0


async def test_drift_is_found_and_repaired(service: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.gallery_index.milvus.verification._PAGE", 7)
    monkeypatch.setattr("adapters.gallery_index.milvus.verification._MOST_ROWS", 4)
    faces = await service.enrol(*range(20))
    await service.follow()
    (serving,) = await service.index.serving()
    rows = service.index.rows(serving)
    await rows.remove(KEY, faces[:3])
    other_person = await rows.get(KEY, faces[5:6])
    await rows.write(KEY, FaceRows(other_person.face_ids, other_person.person_ids + 1, other_person.vectors))
    await rows.write(KEY, FaceRows(np.array(faces[6:8]), np.array([1, 2]), vectors(50, 51)))
    strange = np.array([10**9, 10**9 + 1, 10**9 + 2, 10**9 + 3, 10**9 + 4])
    await rows.write(KEY, FaceRows(strange, strange, vectors(60, 61, 62, 63, 64)))

    for repair in (False, True):
        drift = await verified(service, repair=repair)
        assert (drift.missing, drift.stale, drift.orphaned, drift.repaired) == (3, 3, 5, repair)
    drift = await verified(service)
    assert (drift.checked, drift.differences) == (20, 0)
    assert await rows.count(DEFAULT) == 20


async def test_rows_of_a_gallery_that_there_is_not_are_orphans(service: Instance) -> None:
    await service.enrol(1)
    await service.follow()
    (serving,) = await service.index.serving()
    rows = service.index.rows(serving)
    nowhere = GalleryKey("nowhere", MODEL, SIZE)
    await rows.write(nowhere, FaceRows(np.array([10**9]), np.array([1]), vectors(60)))
    for repair in (False, True):
        found = await VerifyIndex(service.index, repair=repair, on_progress=lambda _: None).execute()
        assert [(one.collection, one.orphaned) for one in found] == [(DEFAULT, 0), ("nowhere", 1)]
    assert (await verified(service)).differences == 0


async def test_what_is_not_followed_yet_is_no_drift(service: Instance) -> None:
    faces = await service.enrol(*range(5))
    await service.follow()
    await service.enrol(10)
    await service.storage.faces.delete(DEFAULT, faces[1])
    (ann,) = (await service.gallery.search(random_embedding(2, SIZE), DEFAULT, 1)).candidates
    await service.storage.faces.move(DEFAULT, faces[3], ann.profile_id)
    assert (await verified(service, repair=True)).differences == 0
    (state,) = (await index_status(service.index))[0].galleries
    assert state.pending == 3
