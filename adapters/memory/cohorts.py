"""CohortRepository in memory."""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import count
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from adapters.memory.store import CollectionData, InMemoryStore
from application.ports.cohorts import CohortRepository, StoredCohort
from domain.impostors import COHORT_SIZE, Cohort
from domain.people import FaceId, ProfileId


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A cohort as it is stored: by the ids of its faces."""

    version: int
    at: float
    people: int
    faces: Sequence[FaceId]


class InMemoryCohorts(CohortRepository):
    """Cohorts by collection; they are deleted with it."""

    def __init__(self, store: InMemoryStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._versions = count(1)
        self._drawn: WeakKeyDictionary[CollectionData, dict[str, _Drawn]] = WeakKeyDictionary()

    @override
    async def load(
        self, collection: str, model: str, known: StoredCohort | None = None
    ) -> StoredCohort | None:
        data = self._store.collections.get(collection)
        drawn = None if data is None else self._drawn.get(data, {}).get(model)
        if data is None or drawn is None:
            return None
        present = [face_id for face_id in drawn.faces if face_id in data.faces]
        if known is None or (known.version, len(known.cohort.vectors)) != (drawn.version, len(present)):
            cohort = Cohort.of(drawn.people, _matrix(data, model, present))
        else:
            cohort = known.cohort
        return StoredCohort(drawn.version, self._clock() - drawn.at, cohort)

    @override
    async def draw(self, collection: str, model: str) -> StoredCohort | None:
        data = self._store.collections.get(collection)
        if data is None:
            return None
        table = data.tables.get(model)
        people = [] if table is None else list(table.people)
        chosen = await asyncio.to_thread(_smallest_hashes, people, COHORT_SIZE)
        if self._store.collections.get(collection) is not data:
            return None
        # People who were deleted meanwhile have no first face.
        first = (table.faces_of(person)[:1] for person in chosen) if table is not None else ()
        faces = sorted(face_id for face_ids in first for face_id in face_ids)
        drawn = _Drawn(next(self._versions), self._clock(), len(people), faces)
        self._drawn.setdefault(data, {})[model] = drawn
        return StoredCohort(drawn.version, 0.0, Cohort.of(drawn.people, _matrix(data, model, faces)))


def _smallest_hashes(people: Collection[ProfileId], most: int) -> list[ProfileId]:
    """The people whose ids have the smallest hash (the finaliser of SplitMix64, Steele et al., 2014)."""
    keys = np.fromiter(people, np.uint64, len(people))
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    keys ^= keys >> np.uint64(31)
    order = np.argpartition(keys, most - 1)[:most] if len(keys) > most else np.argsort(keys)
    ids = list(people)
    return [ids[place] for place in order]


def _matrix(data: CollectionData, model: str, faces: list[FaceId]) -> NDArray[np.float32]:
    """M x D; 0 x 0 without faces."""
    if not faces:
        return np.empty((0, 0), dtype=np.float32)
    return data.tables[model].vectors(faces)
