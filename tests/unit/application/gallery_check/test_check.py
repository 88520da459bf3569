import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from adapters.memory.cohorts import InMemoryCohorts
from adapters.memory.enrolled_vectors import InMemoryVectors
from adapters.memory.repository import InMemoryRepository
from adapters.memory.store import InMemoryStore
from application.gallery_calibration import GalleryCalibration
from application.gallery_check import check as module
from application.gallery_check.check import CheckGallery, GalleryCheck
from application.ports.faces import NewFace
from domain.errors import Busy, CollectionNotFound
from domain.faces import Embedding
from domain.people import DEFAULT_COLLECTION, ProfileId
from tests.unit.application.test_decisions import TABLE
from tests.unit.fakes import ColourModels, InlineWorkers, policy

COLOURS = replace(TABLE, model="colour")


class BusyWorkers(InlineWorkers):
    """Refuses every other piece of work; then there is room."""

    def __init__(self) -> None:
        self.refuse = False

    async def run(self, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.refuse = not self.refuse
        if self.refuse:
            raise Busy("full")
        return await super().run(work, *args, **kwargs)

    async def vacancy(self) -> None:
        await asyncio.sleep(0)


class Gallery:
    """People whose faces are directions of their own, with some noise."""

    def __init__(self) -> None:
        store = InMemoryStore()
        self.faces = InMemoryRepository(store)
        self.random = np.random.default_rng(1)
        self.check = CheckGallery(
            ColourModels(),
            policy(load_table={"colour": COLOURS}.get),
            GalleryCalibration(InMemoryCohorts(store)),
            InMemoryVectors(store),
            BusyWorkers(),
        )

    def direction(self) -> NDArray[np.float64]:
        vector = self.random.standard_normal(100)
        return vector / np.linalg.norm(vector)

    async def enrol(self, name: str, direction: NDArray[np.float64], noise: float = 0.3) -> int:
        embedding = Embedding.of(direction + noise * self.direction(), "colour")
        return (await self.faces.add(NewFace(DEFAULT_COLLECTION, name, embedding, "colour"))).face.id

    async def people(self, number: int, faces: int = 3) -> list[NDArray[np.float64]]:
        directions = [self.direction() for _ in range(number)]
        for index, direction in enumerate(directions):
            for _ in range(faces):
                await self.enrol(f"person {index}", direction)
        return directions

    async def checked(self, **how: Any) -> GalleryCheck:
        return await self.check.execute(DEFAULT_COLLECTION, **{"limit": 10, **how})


@pytest.fixture
def gallery() -> Gallery:
    return Gallery()


def pairs(check: GalleryCheck) -> list[set[str]]:
    return [{check.profiles[each.one].name, check.profiles[each.other].name} for each in check.duplicates]


async def test_nothing_is_wrong_with_an_empty_gallery(gallery: Gallery) -> None:
    check = await gallery.checked()
    assert (check.people, check.faces, check.checked, check.next) == (0, 0, 0, None)
    assert [*check.duplicates, *check.misfits, *check.lookalikes] == []


async def test_nothing_is_wrong_with_different_people(gallery: Gallery) -> None:
    await gallery.people(30)
    check = await gallery.checked()
    assert (check.people, check.faces, check.checked) == (30, 90, 90)
    assert [*check.duplicates, *check.misfits] == []


async def test_somebody_enrolled_twice_is_found(gallery: Gallery) -> None:
    directions = await gallery.people(30)
    await gallery.enrol("again", directions[4])
    check = await gallery.checked()
    assert pairs(check) == [{"person 4", "again"}]
    (pair,) = check.duplicates
    assert pair.similarity >= pair.threshold
    assert pair.agreement == 1
    assert pair.one < pair.other
    assert check.misfits == []


async def test_a_face_of_somebody_else_is_found_and_its_owner_named(gallery: Gallery) -> None:
    directions = await gallery.people(30)
    wrong = await gallery.enrol("person 7", directions[8])
    check = await gallery.checked()
    (misfit,) = check.misfits
    assert (misfit.face, check.profiles[misfit.person].name) == (wrong, "person 7")
    assert misfit.resembles is not None
    assert check.profiles[misfit.resembles.person].name == "person 8"
    assert misfit.similarity < misfit.threshold
    assert misfit.resembles.similarity >= misfit.resembles.threshold
    # The two people are alike by that face alone.
    assert [pair.agreement <= 0.5 for pair in check.duplicates] == [True]


async def test_a_face_of_nobody_is_found(gallery: Gallery) -> None:
    await gallery.people(30)
    wrong = await gallery.enrol("person 7", gallery.direction())
    (misfit,) = (await gallery.checked()).misfits
    assert (misfit.face, misfit.resembles) == (wrong, None)


async def test_parts_together_find_what_one_check_finds(gallery: Gallery) -> None:
    directions = await gallery.people(30)
    await gallery.enrol("again", directions[4])
    await gallery.enrol("person 7", directions[8])
    whole = await gallery.checked()
    parts: list[GalleryCheck] = []
    after = None
    while not parts or after is not None:
        parts.append(await gallery.checked(after=after, comparisons=10 * whole.faces))
        after = parts[-1].next
    assert len(parts) >= 9
    joined = reduce(lambda done, part: done.then(part, 10), parts)
    assert (joined.checked, joined.next) == (whole.faces, None)
    assert [each.face for each in joined.misfits] == [each.face for each in whole.misfits]
    assert pairs(joined) == pairs(whole)


async def test_a_person_with_more_faces_than_a_part_does_not_stop_it(gallery: Gallery) -> None:
    await gallery.people(3, faces=20)
    first = await gallery.checked(comparisons=5 * 60)
    assert (first.checked, first.next) == (5, 1)
    second = await gallery.checked(comparisons=5 * 60, after=first.next)
    assert second.next == 2


async def test_one_face_many_times_over_is_bounded_work(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("application.gallery_check.sweep.MOST_HITS", 50)
    same = gallery.direction()
    for number in range(40):
        await gallery.enrol(f"person {number}", same, noise=0)
    check = await gallery.checked(limit=5)
    assert len(check.duplicates) == 5


async def test_one_check_runs_at_a_time(gallery: Gallery) -> None:
    await gallery.people(3)
    first, second = await asyncio.gather(gallery.checked(), gallery.checked(), return_exceptions=True)
    assert isinstance(first, GalleryCheck)
    assert isinstance(second, Busy)
    assert (await gallery.checked()).people == 3


async def test_a_check_that_takes_too_long_gives_up(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gallery.people(3)
    monkeypatch.setattr(BusyWorkers, "vacancy", lambda _: asyncio.sleep(60))
    with pytest.raises(Busy):
        await gallery.checked(deadline_s=0.01)
    monkeypatch.undo()
    assert (await gallery.checked()).people == 3


async def test_pages_smaller_than_the_gallery(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE_BYTES", 4 * 100 * 7)
    directions = await gallery.people(30)
    await gallery.enrol("again", directions[4])
    assert pairs(await gallery.checked()) == [{"person 4", "again"}]


async def test_there_is_no_such_collection(gallery: Gallery) -> None:
    with pytest.raises(CollectionNotFound):
        await gallery.check.execute("nowhere", limit=1, after=ProfileId(1))
