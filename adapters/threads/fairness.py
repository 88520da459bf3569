"""Whose work comes next: clients that wait get equal time, however many requests and connections each has."""

from collections import Counter, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

MANY = 1000
"""Parties, from which on those are forgotten that are owed nothing."""


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
        self._start = 0.0
        """Where the party was that was served last."""

    def had(self, party: Hashable) -> float:
        """The time that a party counts as having had, in seconds."""
        return max(self._start, self._had.get(party, 0.0))

    def serve(self, party: Hashable) -> None:
        """It is this one's turn."""
        self._start = self.had(party)

    def charge(self, party: Hashable, seconds: float) -> None:
        """It has had so much more."""
        self._had[party] = self.had(party) + seconds
        if len(self._had) > MANY:
            self._had = {each: had for each, had in self._had.items() if had > self._start}

    def __contains__(self, party: Hashable) -> bool:
        """Whether it has had more than whoever is served now."""
        return self._had.get(party, 0.0) > self._start


class FairQueue(Generic[T]):
    """Work that waits: the clients take turns, and within a client its connections; each of them first in, first out.

    Behind a proxy that isn't named in the settings, all requests without a key come from one client.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[Owner, T]] = []
        self._clients = Shares()
        self._connections: defaultdict[Hashable, Shares] = defaultdict(Shares)

    def __len__(self) -> int:
        return len(self._waiting)

    def append(self, owner: Owner, item: T) -> None:
        """Let an item wait."""
        self._waiting.append((owner, item))

    def pop(self) -> tuple[Owner, T]:
        """The item whose turn it is; there must be one."""
        index = min(range(len(self._waiting)), key=lambda index: self._had(self._waiting[index][0]))
        owner, item = self._waiting.pop(index)
        self._clients.serve(owner.client)
        self._connections[owner.client].serve(owner.connection)
        return owner, item

    def make_room(self, owner: Owner) -> T | None:
        """Remove the latest item of the client that has most of them, unless that is the owner's, and return it."""
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

    def charge(self, owner: Owner, seconds: float) -> None:
        """The owner's work has taken so long."""
        self._clients.charge(owner.client, seconds)
        self._connections[owner.client].charge(owner.connection, seconds)
        if len(self._connections) > MANY:
            kept = {each.client for each, _ in self._waiting}
            for client in list(self._connections):
                if client not in kept and client not in self._clients:
                    del self._connections[client]

    def forget(self) -> None:
        """Nobody waits, and nothing is at work: everybody starts anew."""
        self._clients = Shares()
        self._connections.clear()

    def _had(self, owner: Owner) -> tuple[float, float]:
        return self._clients.had(owner.client), self._connections[owner.client].had(owner.connection)
