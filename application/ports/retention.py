"""Deleting people by age."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from domain.people import FaceId, ProfileId
from domain.retention import RetentionFrom


@dataclass(frozen=True, slots=True)
class Expiry:
    """What is too old in a collection."""

    collection: str
    since: RetentionFrom
    before: datetime
    """What was last enrolled or matched before is deleted; with a time zone."""


@dataclass(frozen=True, slots=True)
class ExpiredPerson:
    """A person of whom something is too old."""

    id: ProfileId
    faces: int
    """How many faces are to be deleted."""
    whole: bool
    """Whether the person goes with them."""


@dataclass(frozen=True, slots=True)
class ExpiredPage:
    """Those found among some people."""

    people: Sequence[ExpiredPerson]
    next: ProfileId | None
    """The last person looked at; None if there are no more."""


@dataclass(frozen=True, slots=True)
class RemovedByAge:
    """Ids of what was deleted."""

    profile_ids: Sequence[ProfileId]
    face_ids: Sequence[FaceId]


class RetentionStore(Protocol):
    """Finds and deletes what is too old. Each method raises Unavailable when the store does not answer."""

    def alone(self) -> AbstractAsyncContextManager[bool]:
        """Whether no other process is deleting by age; none begins before this ends."""

    async def matched(self, people: Collection[ProfileId], day: date) -> None:
        """Keep the day of these people's last match, in collections that count from it."""

    async def expired(self, expiry: Expiry, limit: int, after: ProfileId | None = None) -> ExpiredPage:
        """Look at `limit` people with ids greater than `after`."""

    async def remove(self, expiry: Expiry, people: Collection[ProfileId]) -> RemovedByAge:
        """Delete what is still too old of these people, in one transaction."""
