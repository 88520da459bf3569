"""A store of cohorts that counts what it is asked."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from typing_extensions import override

from application.gallery_calibration import GalleryCalibration
from application.ports.cohorts import CohortRepository, StoredCohort
from domain.impostors import Cohort


@dataclass
class Cohorts(CohortRepository):
    """Of galleries with a number of people; counts what is asked."""

    people: dict[str, int] = field(default_factory=dict)
    now: float = 0.0
    stored: dict[tuple[str, str], tuple[int, float, Cohort]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    error: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def clock(self) -> float:
        return self.now

    @override
    async def load(
        self, collection: str, model: str, known: StoredCohort | None = None
    ) -> StoredCohort | None:
        self.asked["load"] += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        if (collection, model) not in self.stored:
            return None
        version, drawn_at, cohort = self.stored[collection, model]
        if known is not None and known.version == version:
            self.asked["known"] += 1
            cohort = known.cohort
        return StoredCohort(version, self.now - drawn_at, cohort)

    @override
    async def draw(self, collection: str, model: str) -> StoredCohort | None:
        self.asked["draw"] += 1
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        if collection not in self.people:
            return None
        people = self.people[collection]
        cohort = Cohort(people, np.eye(2, dtype=np.float32), None)
        version = self.asked["draw"]
        self.stored[collection, model] = version, self.now, cohort
        return StoredCohort(version, 0.0, cohort)


async def people(calibration: GalleryCalibration, collection: str, enrolled: int | None = None) -> int | None:
    """Whom the cohort was drawn for."""
    cohort = await calibration.cohort(collection, "m", enrolled)
    return None if cohort is None else cohort.people


async def settled() -> None:
    """What was begun in the background has been done."""
    for _ in range(10):
        await asyncio.sleep(0)
