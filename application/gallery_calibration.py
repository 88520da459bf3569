"""The cohort of each gallery, which thresholds are fitted to: cached, reloaded and redrawn as people come and go."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from application.decisions import CalibrationMode, ComparedFaces
from application.ports.cohorts import CohortRepository, StoredCohort
from domain.errors import FaceServiceError
from domain.faces import Embedding
from domain.impostors import Cohort

CHECK_S = 1.0
"""Seconds after which a cohort in use is checked against the stored one: another process may have redrawn it, or a
face of it may have been deleted."""
FORGET_S = 10.0
"""Seconds after which an unused cohort is dropped from memory: it may have a face that was deleted."""
REDRAW_S = 300.0
"""A cohort is redrawn after so many seconds, because people or their faces may have been replaced."""
REDRAW_SHARE = 0.02
"""A cohort is redrawn when more than this share of the people has come or gone. Of fewer than 50 people that is any
change, so that thresholds of the same few people are the same, however they came to be enrolled."""
MOST_GALLERIES = 256
"""Maximum number of cohorts in memory."""
BACKGROUND_PEOPLE = 5000
"""In galleries of at least so many people, where a redraw takes longer than a search, searches don't wait for it."""

logger = logging.getLogger("face.calibration")

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """The cached cohort of one gallery."""

    stored: StoredCohort | None
    checked: float
    """When it was loaded or drawn, in seconds of this process' clock."""
    basis: int
    """The number of people that it was drawn from."""

    def outgrown(self, people: int | None) -> bool:
        """Whether the number of people has changed so much that the cohort must be redrawn."""
        return people is not None and abs(people - self.basis) >= changes_before_redraw(self.basis)

    def fresh(self, now: float, people: int | None) -> bool:
        """Whether the store needn't be asked."""
        return now - self.checked < CHECK_S and not self.outgrown(people)


class GalleryCalibration:
    """Cohorts of galleries: from memory while they are fresh, else loaded or redrawn."""

    def __init__(
        self,
        cohorts: CohortRepository,
        mode: CalibrationMode = CalibrationMode.GALLERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cohorts = cohorts
        self._mode = mode
        self._clock = clock
        self._entries: dict[_Key, _Entry] = {}
        self._expiring: set[_Key] = set()
        """Keys with a timer that drops their entry."""
        self._refreshing: dict[_Key, asyncio.Task[_Entry]] = {}

    async def cohort(self, collection: str, model: str, people: int | None = None) -> Cohort | None:
        """The people of a gallery whom its scores are normalised by; None for a collection that isn't there.

        `people` tells how many are enrolled, if that is known.

        Raises:
            Unavailable: the store does not answer.
        """
        key = collection, model
        entry = self._entries.get(key)
        if entry is None or not entry.fresh(self._clock(), people):
            task = self._refreshing.get(key)
            if task is None:
                task = asyncio.create_task(self._refresh(key, entry, people))
                self._refreshing[key] = task
                task.add_done_callback(lambda done: self._refreshed(key, done))
            if entry is None or entry.basis < BACKGROUND_PEOPLE:
                entry = await asyncio.shield(task)
        return None if entry.stored is None else entry.stored.cohort

    async def compared(
        self, collection: str, probe: Embedding, reference: Embedding, people: int | None = None
    ) -> ComparedFaces | None:
        """Two faces of one recogniser and the cohort of the gallery, for DecisionPolicy; `people` as of `cohort`.

        Returns:
            None, which stands for an average population, if there is no such collection, or if thresholds aren't
            fitted to galleries: then no cohort is loaded.

        Raises:
            Unavailable: the store does not answer.
        """
        if self._mode is CalibrationMode.TABLE:
            return None
        cohort = await self.cohort(collection, probe.model, people)
        return None if cohort is None else ComparedFaces(cohort, probe, reference)

    async def latest(self, collection: str, model: str) -> StoredCohort | None:
        """The cohort of the people enrolled now; of a large gallery, of those at most REDRAW_S ago.

        Returns:
            None if there is no such collection.

        Raises:
            Unavailable: the store does not answer.
        """
        stored = await self._cohorts.load(collection, model)
        if stored is None or stored.age >= REDRAW_S or stored.cohort.people < BACKGROUND_PEOPLE:
            stored = await self._cohorts.draw(collection, model)
        return stored

    async def _refresh(self, key: _Key, entry: _Entry | None, people: int | None) -> _Entry:
        stored = await self._cohorts.load(*key, None if entry is None else entry.stored)
        if stored is not None:
            same = entry is not None and entry.stored is not None and stored.version == entry.stored.version
            basis = entry.basis if entry is not None and same else stored.cohort.people
            loaded = _Entry(stored, self._clock(), basis)
            # If a large gallery has an old cohort, no search waits for a redraw: the next search starts it.
            waited_for = entry is None and basis >= BACKGROUND_PEOPLE
            if waited_for or (stored.age < REDRAW_S and not loaded.outgrown(people)):
                return loaded
        stored = await self._cohorts.draw(*key)
        basis = people if people is not None else 0 if stored is None else stored.cohort.people
        return _Entry(stored, self._clock(), basis)

    def _refreshed(self, key: _Key, task: asyncio.Task[_Entry]) -> None:
        del self._refreshing[key]
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._remember(key, task.result())
        elif not isinstance(error, FaceServiceError):
            logger.error("the cohort of a gallery can't be drawn", exc_info=error)

    def _remember(self, key: _Key, entry: _Entry) -> None:
        self._entries.pop(key, None)
        self._entries[key] = entry
        if key not in self._expiring:
            self._expiring.add(key)
            self._forget_later(key, FORGET_S)
        if len(self._entries) > MOST_GALLERIES:
            del self._entries[next(iter(self._entries))]

    def _forget_later(self, key: _Key, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._forget, key)

    def _forget(self, key: _Key) -> None:
        entry = self._entries.get(key)
        left = 0.0 if entry is None else entry.checked + FORGET_S - self._clock()
        if left > 0:
            self._forget_later(key, left)
        else:
            self._expiring.remove(key)
            self._entries.pop(key, None)


def changes_before_redraw(people: int) -> int:
    """How many of a gallery's people must have come or gone until its cohort is redrawn."""
    return int(REDRAW_SHARE * people) + 1
