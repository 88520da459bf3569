"""How many connections a process has at once, and which are closed where there are more."""

import logging
import resource
import time
from enum import IntEnum, auto
from typing import Protocol

FILES_BESIDE = 200
"""Files that a process has open besides its connections: the database's, models, indexes, and what commands need."""

_REPORT_S = 60.0

logger = logging.getLogger("face.http")


class State(IntEnum):
    """What a connection waits for; looked up often, and an Enum's own hash is computed in Python."""

    HEAD = auto()
    """The end of a request's headers."""
    IDLE = auto()
    """The next request."""
    BODY = auto()
    """The end of a request's body."""
    ANSWER = auto()
    """The service."""


_SACRIFICED = (State.HEAD, State.IDLE, State.BODY)
"""In this order; a request that has arrived is answered."""


class Closable(Protocol):
    """A connection that can be closed to make room."""

    def make_room(self) -> None:
        """Close it, with `busy` if its client expects an answer."""
        ...


class ConnectionBudget:
    """Bounds the connections of a process.

    Beyond it, the one that has waited longest for its client is closed: those that hold back their requests don't
    keep others out.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: dict[State, dict[Closable, None]] = {state: {} for state in State}
        """In the order in which they came into the state."""
        self._states: dict[Closable, State] = {}
        self._reported = -_REPORT_S

    def __len__(self) -> int:
        """Number of connections."""
        return len(self._states)

    def enter(self, connection: Closable, state: State) -> None:
        """A connection is new, or waits for something else; one is closed where there are too many."""
        former = self._states.get(connection)
        if former is state:
            return
        if former is not None:
            del self._waiting[former][connection]
        self._states[connection] = state
        self._waiting[state][connection] = None
        if former is None and len(self._states) > self._limit:
            self._close_one(connection)

    def leave(self, connection: Closable) -> None:
        """A connection is closed, or about to be."""
        state = self._states.pop(connection, None)
        if state is not None:
            del self._waiting[state][connection]

    def _close_one(self, newcomer: Closable) -> None:
        if time.monotonic() - self._reported >= _REPORT_S:
            self._reported = time.monotonic()
            logger.warning(
                "more than %d connections (FACE_MAX_CONNECTIONS): those that wait are closed", self._limit
            )
        waiting = (each for state in _SACRIFICED for each in self._waiting[state] if each is not newcomer)
        oldest = next(waiting, newcomer)
        self.leave(oldest)
        oldest.make_room()


def allow_open_files(connections: int) -> int:
    """Let this process open the files that so many connections need; how many connections it may have then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + FILES_BESIDE
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        if soft < needed:
            logger.warning("this process may open %d files: FACE_MAX_CONNECTIONS is reduced", soft)
    return connections if soft == resource.RLIM_INFINITY else max(10, min(connections, soft - FILES_BESIDE))
