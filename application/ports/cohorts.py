"""The people of a gallery by whom its scores are normalised, kept where the gallery is kept."""

from dataclasses import dataclass
from typing import Protocol

from domain.impostors import Cohort


@dataclass(frozen=True, slots=True, eq=False)
class StoredCohort:
    """A cohort as all processes of the service have it."""

    version: int
    """Another one each time it is drawn."""
    age: float
    """Seconds since it was drawn."""
    cohort: Cohort


class CohortRepository(Protocol):
    """Cohorts by collection and recognition model. All methods may be called concurrently.

    Each raises Unavailable when the store does not answer.
    """

    async def load(
        self, collection: str, model: str, known: StoredCohort | None = None
    ) -> StoredCohort | None:
        """The cohort that was drawn last; None if none was, or the collection is gone.

        Args:
            collection: its name.
            model: the recogniser's name.
            known: what was loaded before: as long as it has the stored version, its vectors needn't be read again.
        """
        ...

    async def draw(self, collection: str, model: str) -> StoredCohort | None:
        """Draw the cohort anew from the people who are enrolled now, store it and return it.

        It has at most domain.impostors.COHORT_SIZE people, always the same as long as the people are the same, and
        hardly others when few have come or gone: those whose ids have the least hash. Each is represented by the
        face that was enrolled first.

        Returns:
            None, and nothing is stored, if there is no such collection.
        """
        ...
