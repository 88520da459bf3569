"""The port that stores liveness sessions from one frame to the next."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from domain.liveness.session import LivenessSession
from domain.models import ModelChoice


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session, and what it was started with."""

    id: str
    """Random and URL-safe. Whoever knows it may read the session and use it."""
    nonce: str
    """A secret that each frame must repeat."""
    models: ModelChoice
    session: LivenessSession
    age_s: float = 0.0
    """Seconds from its start to when it was read, by the store's clock."""


class LivenessSessionStore(Protocol):
    """Stores sessions until they expire. All methods may be called concurrently, by several processes.

    An expired session counts as absent, whether `purge` has removed it or not. Each method raises Unavailable when
    the store does not answer.
    """

    async def begin(self, session: StoredSession, lifetime_s: float, most: int) -> None:
        """Store a new session for so many seconds.

        Raises:
            TooManyLivenessSessions: there are `most` already, whatever their state.
        """

    async def find(self, session_id: str) -> StoredSession:
        """A session.

        Raises:
            LivenessSessionNotFound: there is none of this id.
        """

    async def change(
        self,
        session_id: str,
        change: Callable[[StoredSession], LivenessSession],
        lifetime_s: float | None = None,
    ) -> StoredSession:
        """Replace a session by what is made of it, while nobody else can change it; the result is durable.

        Args:
            session_id: which.
            change: called once. If it raises, nothing is changed and the error is passed on.
            lifetime_s: if given, seconds from now on after which a session that is passed by this expires.

        Raises:
            LivenessSessionNotFound: there is none of this id.
        """

    async def purge(self) -> int:
        """Remove expired sessions; returns how many."""
