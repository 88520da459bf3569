"""Cohorts: samples of a gallery's people by which its scores are normalised, stored with the gallery."""

from dataclasses import dataclass
from typing import Protocol

from domain.impostors import Cohort


@dataclass(frozen=True, slots=True, eq=False)
class StoredCohort:
    """A cohort as all processes of the service share it."""

    version: int
    """Changes whenever the cohort is drawn."""
    age: float
    """Seconds since it was drawn."""
    cohort: Cohort


class CohortRepository(Protocol):
    """Cohorts by collection and recognition model. All methods may be called concurrently.

    Both raise Unavailable when the store does not answer.
    """

    async def load(
        self, collection: str, model: str, known: StoredCohort | None = None
    ) -> StoredCohort | None:
        """The cohort that was drawn last; None if there is none, or no such collection.

        If the version of `known`, the result of an earlier call, is still the same, its vectors are reused.
        """

    async def draw(self, collection: str, model: str) -> StoredCohort | None:
        """Draw a cohort from the people who are enrolled now, store it and return it; None without such a collection.

        It consists of the at most domain.impostors.COHORT_SIZE people whose ids have the smallest hash, so that it
        changes little when few people come or go. Each is represented by their oldest face. When the store is
        full the cohort is returned without being stored.
        """
