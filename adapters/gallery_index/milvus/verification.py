"""Compares what Milvus has with what the database has, and repairs it."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext

import msgspec
import numpy as np
from numpy.typing import NDArray

from adapters.gallery_index.milvus.catching_up import begun
from adapters.gallery_index.milvus.generations import Generation
from adapters.gallery_index.milvus.rows import IndexRows, Progress
from adapters.gallery_index.milvus.shared_index import SharedIndex
from application.ports.change_feed import FaceRows, GalleryKey
from application.ports.shared_index import Lease
from domain.people import MAX_ID

_PAGE = 8000
"""Faces that are compared at once."""

_MOST_ROWS = 16_384
"""Read at once from Milvus; a range of ids with as many or more is read in parts."""

_CONFIRMED = 500
"""Suspects that are looked at again at once."""

_TOLERANCE = 1e-5
"""Of a vector's numbers."""


class Drift(msgspec.Struct, kw_only=True):
    """What differs in one gallery. What has changed and isn't followed yet is no difference."""

    collection: str
    model: str
    filled: bool
    """False while the gallery is being filled: it isn't compared."""
    checked: int = 0
    """Faces in the database."""
    missing: int = 0
    """In the database, not in the index."""
    stale: int = 0
    """Of another person, or with another embedding, in the index."""
    orphaned: int = 0
    """In the index, not in the database."""
    repaired: bool = False

    @property
    def differences(self) -> int:
        """All together."""
        return self.missing + self.stale + self.orphaned


class VerifyIndex:
    """A difference is suspected from two readings, and counts if it is there in a third and wasn't made meanwhile."""

    def __init__(self, index: SharedIndex, *, repair: bool, on_progress: Callable[[int], object]) -> None:
        self._index = index
        self._repair = repair
        self._on_progress = on_progress
        self._checked = 0

    async def execute(self) -> Sequence[Drift]:
        """The differences of each gallery.

        Raises:
            IndexUnavailable, Unavailable.
        """
        found = []
        for generation in await self._index.serving():
            rows = self._index.rows(generation)
            notes = await rows.notes()
            keys = dict.fromkeys([*await self._index.galleries(generation.series), *notes])
            for key in keys:
                note = notes.get(key)
                drift = Drift(
                    collection=key.collection, model=key.model, filled=note is not None and note.filled
                )
                if drift.filled:
                    await self._compare(rows, key, drift)
                    drift.repaired = self._repair and drift.differences > 0
                found.append(drift)
            found += await self._strangers(generation, rows)
        return found

    async def _compare(self, rows: IndexRows, key: GalleryKey, drift: Drift) -> None:
        after = 0
        while True:
            ours = await self._index.feed.faces_after(key, after, _PAGE)
            last = len(ours) < _PAGE
            before = MAX_ID + 1 if last else int(ours.face_ids[-1]) + 1
            seen: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
            suspects: list[int] = []
            async for theirs in _between(rows, key, after, before):
                seen.append(theirs.face_ids)
                suspects += _differing(ours, theirs)
            suspects += np.setdiff1d(ours.face_ids, np.concatenate(seen)).tolist()
            for start in range(0, len(suspects), _CONFIRMED):
                await self._confirm(rows, key, suspects[start : start + _CONFIRMED], drift)
            drift.checked += len(ours)
            self._checked += len(ours)
            self._on_progress(self._checked)
            if last:
                return
            after = before - 1

    async def _confirm(
        self, rows: IndexRows, key: GalleryKey, suspects: Collection[int], drift: Drift
    ) -> None:
        async with self._writing() as lease:
            # The progress first: what is followed after it is among the changes that the database tells.
            note: Progress | None = (await rows.notes()).get(key)
            if note is None:
                return
            theirs = await rows.get(key, [*suspects])
            exam = await self._index.feed.examine(key, note.token, suspects)
            ours = exam.faces
            known, there = set(ours.face_ids.tolist()), set(theirs.face_ids.tolist())
            open_ids = set(suspects) - set(exam.pending)
            missing = (known - there) & open_ids
            orphaned = (there - known) & open_ids
            stale = (set(_differing(ours, theirs)) & known & there) & open_ids
            drift.missing += len(missing)
            drift.orphaned += len(orphaned)
            drift.stale += len(stale)
            if lease is not None and missing | orphaned | stale:
                await rows.note(begun(note))
                await lease.check()
                await rows.remove(key, sorted(orphaned))
                await rows.write(key, ours.take(np.flatnonzero(np.isin(ours.face_ids, [*missing, *stale]))))
                await lease.check()
                await rows.note(note)

    def _writing(self) -> AbstractAsyncContextManager[Lease | None]:
        """Nobody follows meanwhile, if there is anything to repair."""
        return self._index.waiting("follow") if self._repair else nullcontext()

    async def _strangers(self, generation: Generation, rows: IndexRows) -> Sequence[Drift]:
        """Rows of galleries that there are not."""
        async with self._writing() as lease:
            known = {key.collection for key in await self._index.galleries(generation.series)}
            notes = await rows.notes()
            strangers = await rows.others(known | {key.collection for key in notes})
            found = [
                Drift(collection=collection, model=generation.series, filled=True, orphaned=faces)
                for collection, faces in strangers.items()
            ]
            for drift in found:
                if lease is not None:
                    await rows.forget(drift.collection)
                    drift.repaired = True
            return found


def _differing(ours: FaceRows, theirs: FaceRows) -> list[int]:
    """Ids in `theirs` that are not in `ours`, or differ there."""
    order = np.argsort(ours.face_ids)
    if not len(order):
        return [int(face) for face in theirs.face_ids]
    place = np.searchsorted(ours.face_ids, theirs.face_ids, sorter=order)
    row = order[np.minimum(place, len(order) - 1)]
    other = (
        (ours.face_ids[row] != theirs.face_ids)
        | (ours.person_ids[row] != theirs.person_ids)
        | (np.abs(ours.vectors[row] - theirs.vectors).max(axis=1, initial=0.0) > _TOLERANCE)
    )
    return [int(face) for face in theirs.face_ids[other]]


async def _between(rows: IndexRows, key: GalleryKey, after: int, before: int) -> AsyncIterator[FaceRows]:
    """All faces with ids between the two, both left out, in several parts if there are many."""
    ranges = [(after, before)]
    while ranges:
        low, high = ranges.pop()
        page = await rows.page(key, low, high, _MOST_ROWS)
        if len(page) < _MOST_ROWS:
            yield page
        else:
            middle = (low + high) // 2
            ranges += [(low, middle + 1), (middle, high)]
