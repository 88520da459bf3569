"""How an index of any kind is followed: here one that others may bring up to date, as a distributed one is."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from adapters.gallery_index.follower import IndexFollower
from adapters.gallery_index.index import GalleryIndex, IndexStore, MaintenanceIntervals, Shortlist
from application.ports.change_feed import (
    NO_SNAPSHOT,
    Changes,
    FaceRows,
    GalleryChangeFeed,
    GalleryKey,
    GalleryReading,
    SnapshotToken,
    UnknownSnapshot,
)
from domain.identification import Candidate
from domain.people import Face, FaceId, ProfileId
from tests.unit.galleries import DIMENSIONS, GALLERY, vector

NOTHING = np.zeros(0, dtype=np.int64)
INTERVALS = MaintenanceIntervals(60, 60, 60, 0.001)


class Database(GalleryChangeFeed):
    """Everybody has one face, with the same id. Its snapshots are numbers; each tells of all faces."""

    def __init__(self, *people: int) -> None:
        self.people = set(people)
        self.now = 1
        self.oldest = 1

    def write(self, *people: int) -> None:
        self.people = set(people)
        self.now += 1

    @override
    async def galleries(self) -> Mapping[GalleryKey, int]:
        return {GALLERY: len(self.people)}

    @override
    async def snapshot(self) -> SnapshotToken:
        return str(self.now)

    @override
    async def pages(self, gallery: GalleryKey, since: SnapshotToken) -> AsyncIterator[Changes]:
        yield self.changes(since, since)

    @override
    async def read(
        self, gallery: GalleryKey, since: SnapshotToken, person_ids: NDArray[np.int64]
    ) -> GalleryReading:
        if int(since) < self.oldest:
            raise UnknownSnapshot
        changed = int(since) < self.now
        wanted = self.people if changed else self.people.intersection(person_ids.tolist())
        none = Changes(
            since, since, FaceRows(NOTHING, NOTHING, np.zeros((0, DIMENSIONS), np.float32)), NOTHING
        )
        changes = self.changes(since, str(self.now)) if changed else none
        return GalleryReading(changes, {person: candidate(person) for person in wanted})

    @override
    async def prune(self) -> None:
        pass

    def changes(self, since: SnapshotToken, until: SnapshotToken) -> Changes:
        there = np.array(sorted(self.people), dtype=np.int64)
        faces = FaceRows(there, there, np.array([vector(person) for person in there.tolist()]))
        return Changes(since, until, faces, np.setdiff1d(np.arange(100), there))


class Index(GalleryIndex):
    """Several processes share it."""

    def __init__(self) -> None:
        self.at = NO_SNAPSHOT
        self.people: set[int] = set()
        self.applied_by_others = False

    @property
    @override
    def snapshot(self) -> SnapshotToken:
        return self.at

    @override
    def __len__(self) -> int:
        return len(self.people)

    @override
    async def apply(self, changes: Changes) -> bool:
        await asyncio.sleep(0)
        accepted = changes.since == self.at and not self.applied_by_others
        self.people = self.people.difference(changes.removed.tolist()) | set(changes.faces.face_ids.tolist())
        self.at = changes.until
        return accepted

    @override
    async def search(self, probe: NDArray[np.float32], people: int) -> Shortlist:
        await asyncio.sleep(0)
        ranked = sorted(self.people, key=lambda person: -float(vector(person) @ probe))[:people]
        ids = np.array(ranked, dtype=np.int64)
        similarities = np.array([vector(person) @ probe for person in ranked], dtype=np.float32)
        return Shortlist(self.at, len(self.people), ids, ids, similarities)

    @override
    async def maintain(self) -> None:
        pass

    @override
    async def save(self) -> None:
        pass


class Store(IndexStore):
    def __init__(self) -> None:
        self.index = Index()
        self.discarded = 0

    @override
    async def open(self, gallery: GalleryKey, *, discard: bool = False) -> Index:
        if discard:
            self.index = Index()
            self.discarded += 1
        return self.index

    @override
    async def keep_only(self, galleries: set[GalleryKey]) -> None:
        pass

    @override
    async def requests_to_erase(self) -> list[str]:
        return []

    @override
    async def answer(self, requests: Sequence[str]) -> None:
        pass

    @override
    async def close(self) -> None:
        pass


def candidate(person: int) -> Candidate:
    face = Face(FaceId(person), ProfileId(person), f"{person}", "sface", "detector", "default")
    return Candidate(ProfileId(person), f"{person}", (face,), vector(person)[np.newaxis], (None,))


@asynccontextmanager
async def following(database: Database, store: Store) -> AsyncIterator[IndexFollower]:
    follower = IndexFollower(GALLERY, store, database, INTERVALS)
    task = asyncio.create_task(follower.run(asyncio.Semaphore()))
    await filled(follower)
    yield follower
    task.cancel()


async def filled(follower: IndexFollower) -> None:
    async with asyncio.timeout(120):
        while not follower.ready:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def nearest(follower: IndexFollower, person: int) -> tuple[int, list[str]] | None:
    found = await follower.search(vector(person), 1)
    return None if found is None else (found.searched, [each.name for each in found.candidates])


async def test_changes_are_applied_before_the_answer() -> None:
    database = Database(1, 2, 3)
    async with following(database, Store()) as follower:
        assert await nearest(follower, 2) == (3, ["2"])
        database.write(1, 3, 4, 5)
        assert await nearest(follower, 4) == (4, ["4"])
        found = await nearest(follower, 2)
        assert found is not None
        assert found[1] != ["2"]


async def test_changes_that_somebody_else_has_applied_do_no_harm() -> None:
    database, store = Database(1, 2, 3), Store()
    async with following(database, store) as follower:
        store.index.applied_by_others = True
        database.write(1, 3, 4)
        assert await nearest(follower, 4) == (3, ["4"])


async def test_an_index_that_names_a_person_who_is_not_there_is_discarded() -> None:
    database, store = Database(1, 2, 3), Store()
    async with following(database, store) as follower:
        store.index.people.add(50)
        assert await nearest(follower, 50) is None
        await filled(follower)
        assert (store.discarded, await nearest(follower, 2)) == (1, (3, ["2"]))


async def test_an_index_whose_snapshot_is_unknown_is_discarded() -> None:
    database, store = Database(1, 2, 3), Store()
    async with following(database, store) as follower:
        database.write(1)
        database.oldest = database.now
        assert await nearest(follower, 1) is None
        await filled(follower)
        assert (store.discarded, await nearest(follower, 1)) == (1, (1, ["1"]))
