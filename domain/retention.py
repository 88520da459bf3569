"""How long people are kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.errors import InvalidInput

MAX_RETENTION_DAYS = 36_500


class RetentionFrom(StrEnum):
    """From when on the days are counted."""

    ENROLMENT = "enrolment"
    """Of each face: it is deleted by itself, and its person with the last one."""
    LAST_MATCH = "last_match"
    """Of the person, who is deleted with all faces; never before the last enrolment is as old."""


@dataclass(frozen=True, slots=True)
class Retention:
    """A collection's rule."""

    days: int | None = None
    """None keeps everybody."""
    since: RetentionFrom = RetentionFrom.ENROLMENT

    def __post_init__(self) -> None:
        """Hold the bounds.

        Raises:
            InvalidInput: not 1 to MAX_RETENTION_DAYS days.
        """
        if self.days is not None and not 1 <= self.days <= MAX_RETENTION_DAYS:
            raise InvalidInput(
                f"retention_days is 1 to {MAX_RETENTION_DAYS:,}, or null, which keeps everybody."
            )

    def cutoff(self, now: datetime) -> datetime | None:
        """What is older is deleted; None for nothing."""
        return None if self.days is None else now - timedelta(days=self.days)


KEEP = Retention()
"""Everybody, for good."""
