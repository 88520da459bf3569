"""Whose work comes next: clients that wait get equal time, however many requests and connections each has."""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from heapq import nlargest
from operator import itemgetter
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")

MANY = 1000
"""Parties that are remembered. Beyond it those are forgotten that have had no more than others, or least of it."""
MOST_AHEAD_S = 1.0
"""How much more than others a party may count as having had because of work in the background, most of which takes
what others leave."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose work it is."""

    client: Hashable
    """An API key, or else an address."""
    connection: Hashable
    """One of the client's."""


class Shares:
    """Start-time fair queueing (Goyal, Vin and Cheng, 1996): whoever has had the least time comes next.

    A party that is new, or hasn't waited for a while, starts where the others are: nobody can save up time.
    """

    def __init__(self) -> None:
        self._had: dict[Hashable, float] = {}
        self.start = 0.0
        """Where the party was that was served last."""

    def had(self, party: Hashable) -> float:
        """The time that a party counts as having had, in seconds."""
        return max(self.start, self._had.get(party, 0.0))

    def serve(self, party: Hashable) -> None:
        """It is this one's turn."""
        self.start = self.had(party)

    def charge(self, party: Hashable, seconds: float, most_ahead_s: float) -> None:
        """It has had so much more, unless it is too far ahead of others."""
        had = self.had(party)
        self._had[party] = max(had, min(had + seconds, self.start + most_ahead_s))
        if len(self._had) > MANY:
            ahead = nlargest(MANY // 2, self._had.items(), key=itemgetter(1))
            self._had = {each: had for each, had in ahead if had > self.start}

    def is_ahead(self, party: Hashable) -> bool:
        """Whether it has had more than whoever is served now."""
        return self._had.get(party, 0.0) > self.start


class ClientShares:
    """The time of clients, and of the connections of each; for several threads."""

    def __init__(self) -> None:
        self._clients = Shares()
        self._working = Shares()
        """What clients have had of the threads alone."""
        self._connections: defaultdict[Hashable, Shares] = defaultdict(Shares)
        self._lock = Lock()

    @property
    def now(self) -> float:
        """The time of threads alone that the client counts as having had whose work has begun last.

        What a client is charged for otherwise doesn't bring it forward: the turn of whoever has sent much comes when
        nobody else's photo happens to wait, and would let everybody send as much again.
        """
        return self._working.start

    def had(self, owners: set[Owner]) -> dict[Owner, tuple[float, float]]:
        """What each counts as having had: the client, and the connection."""
        with self._lock:
            return {
                owner: (
                    self._clients.had(owner.client),
                    self._connections[owner.client].had(owner.connection),
                )
                for owner in owners
            }

    def serve(self, owner: Owner) -> None:
        """It is this one's turn."""
        with self._lock:
            self._clients.serve(owner.client)
            self._working.serve(owner.client)
            self._connections[owner.client].serve(owner.connection)

    def charge(self, owner: Owner, seconds: float, most_ahead_s: float = math.inf) -> None:
        """The owner's work has taken so long, which counts as far as it makes nobody too far ahead of others."""
        with self._lock:
            self._working.charge(owner.client, seconds, most_ahead_s)
            self._charge(owner, seconds, most_ahead_s)

    def charge_otherwise(self, owner: Owner, seconds: float, most_ahead_s: float) -> None:
        """As `charge`, of work that no thread has done."""
        with self._lock:
            self._charge(owner, seconds, most_ahead_s)

    def _charge(self, owner: Owner, seconds: float, most_ahead_s: float) -> None:
        self._clients.charge(owner.client, seconds, most_ahead_s)
        self._connections[owner.client].charge(owner.connection, seconds, most_ahead_s)
        if len(self._connections) > 2 * MANY:
            for client in [each for each in self._connections if not self._clients.is_ahead(each)]:
                del self._connections[client]


class FairQueue(Generic[T]):
    """Work that waits: the clients take turns, and within a client its connections; each of them first in, first out.

    Behind a proxy that isn't named in the settings, all requests without a key come from one client.
    """

    def __init__(self, shares: ClientShares) -> None:
        """Take the time that clients have had, which several queues may share."""
        self._waiting: list[tuple[Owner, T]] = []
        self._shares = shares

    def __len__(self) -> int:
        return len(self._waiting)

    def append(self, owner: Owner, item: T) -> None:
        """Let an item wait."""
        self._waiting.append((owner, item))

    def has_others(self, client: Hashable) -> bool:
        """Whether an item of another client waits."""
        return any(owner.client != client for owner, _ in self._waiting)

    def pop(self) -> tuple[Owner, T]:
        """The item whose turn it is; there must be one."""
        first = 0
        if len(self._waiting) > 1:
            had = self._shares.had({owner for owner, _ in self._waiting})
            first = min(range(len(self._waiting)), key=lambda index: had[self._waiting[index][0]])
        self._shares.serve(self._waiting[first][0])
        return self._waiting.pop(first)

    def make_room(self, owner: Owner) -> T | None:
        """Remove the latest item of the client that has most of them, and return it; None where that is the owner."""
        waiting = Counter(each.client for each, _ in self._waiting)
        for client, number in waiting.most_common(1):
            if number > waiting[owner.client] + 1:
                latest = max(index for index, (each, _) in enumerate(self._waiting) if each.client == client)
                return self._waiting.pop(latest)[1]
        return None

    def remove(self, item: T) -> None:
        """Remove an item, if it waits."""
        self._waiting = [each for each in self._waiting if each[1] is not item]

    def clear(self) -> list[T]:
        """Remove all items, and return them."""
        waiting, self._waiting = self._waiting, []
        return [item for _, item in waiting]
