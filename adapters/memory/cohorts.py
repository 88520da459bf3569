"""CohortRepository of this process's memory."""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import count
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from adapters.memory.store import InMemoryStore, Room
from application.ports.cohorts import CohortRepository, StoredCohort
from domain.impostors import COHORT_SIZE, Cohort
from domain.people import FaceId, ProfileId


@dataclass(frozen=True, slots=True)
class _Drawn:
    """As it is stored: without embeddings."""

    version: int
    at: float
    people: int
    faces: Sequence[FaceId]


class InMemoryCohorts(CohortRepository):
    """A cohort is stored as the ids of its faces, beside the collection, and goes with it."""

    def __init__(self, store: InMemoryStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._versions = count(1)
        self._drawn: WeakKeyDictionary[Room, dict[str, _Drawn]] = WeakKeyDictionary()

    @override
    async def load(
        self, collection: str, model: str, known: StoredCohort | None = None
    ) -> StoredCohort | None:
        room = self._store.rooms.get(collection)
        drawn = None if room is None else self._drawn.get(room, {}).get(model)
        if room is None or drawn is None:
            return None
        there = [face_id for face_id in drawn.faces if face_id in room.faces]
        if known is None or (known.version, len(known.cohort.vectors)) != (drawn.version, len(there)):
            cohort = Cohort.of(drawn.people, _matrix(room, model, there))
        else:
            cohort = known.cohort
        return StoredCohort(drawn.version, self._clock() - drawn.at, cohort)

    @override
    async def draw(self, collection: str, model: str) -> StoredCohort | None:
        room = self._store.rooms.get(collection)
        if room is None:
            return None
        shelf = room.shelves.get(model)
        people = [] if shelf is None else list(shelf.people)
        chosen = await asyncio.to_thread(_least_hashes, people, COHORT_SIZE)
        if self._store.rooms.get(collection) is not room:
            return None
        # Who has gone meanwhile is missing, as who goes later.
        first = (shelf.faces_of(person)[:1] for person in chosen) if shelf is not None else ()
        faces = sorted(face_id for theirs in first for face_id in theirs)
        drawn = _Drawn(next(self._versions), self._clock(), len(people), faces)
        self._drawn.setdefault(room, {})[model] = drawn
        return StoredCohort(drawn.version, 0.0, Cohort.of(drawn.people, _matrix(room, model, faces)))


def _least_hashes(people: Collection[ProfileId], most: int) -> list[ProfileId]:
    """Those whose ids have the least hash (the finaliser of SplitMix64, Steele et al., 2014)."""
    keys = np.fromiter(people, np.uint64, len(people))
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    keys ^= keys >> np.uint64(31)
    order = np.argpartition(keys, most - 1)[:most] if len(keys) > most else np.argsort(keys)
    ids = list(people)
    return [ids[place] for place in order]


def _matrix(room: Room, model: str, faces: list[FaceId]) -> NDArray[np.float32]:
    """M x D; 0 x 0 of none."""
    if not faces:
        return np.empty((0, 0), dtype=np.float32)
    return room.shelves[model].vectors(faces)
