"""Whose turn it is to have some of the event loop's time, while photos wait for a thread."""

import asyncio
from collections.abc import Callable, Hashable
from contextlib import suppress
from weakref import WeakValueDictionary

from adapters.threads.fairness import MOST_AHEAD_S, ClientShares, Owner, Shares
from domain.errors import Busy

AHEAD_S = 0.16
"""How much time a client may take ahead of its turn: 32 MB, so that a few photos of any size never wait."""
MOST_WAIT_S = 5.0
"""For one request, or one piece of a body, so that no proxy takes the service for dead."""
MOST_WAITING = 1000
"""Requests of a process that wait at once: as many as its connections, though some may be closed meanwhile."""
_LOOK_S = 0.05
"""Between two looks at whose turn it is."""
_BUSY = "The service is busy, and you have had more of its time than others; try again in a moment."


class EventLoopShares:
    """Counts work of the event loop as time of clients, and lets those wait who take more than their share.

    The event loop has no queue that could be fair. So while photos of others wait for a thread, it goes on with one
    request, or one piece of a body, of a client in each of its iterations, and whoever has had much waits before the
    next until the others have had as much time of the threads. Where nobody else's photo waits, nothing is counted,
    and nobody waits.
    """

    def __init__(self, shares: ClientShares, others_wait: Callable[[Hashable], bool]) -> None:
        """Use the time that clients have had of threads, and whether others than a client wait, or have until now."""
        self._shares = shares
        self._others_wait = others_wait
        self._had = Shares()
        """Where each client would be in the shares' time if it had only had that of the event loop."""
        self._turns: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()
        """Of each client: its connections take turns, and only one of them looks at the time."""
        self._waiting = 0

    def charge(self, owner: Owner, seconds: float) -> None:
        """Count work that a thread would do in so much time."""
        if not self._others_wait(owner.client):
            return
        self._shares.charge_otherwise(owner, seconds, MOST_AHEAD_S)
        self._had.start = self._shares.now
        self._had.charge(owner.client, seconds, MOST_AHEAD_S)

    async def turn(self, owner: Owner) -> None:
        """Return when it is the client's turn, or after MOST_WAIT_S.

        Raises:
            Busy: it has had more than its share, and too many wait already.
        """
        if not self._others_wait(owner.client):
            return
        if self._waiting >= MOST_WAITING and self._has_to_wait(owner.client):
            raise Busy(_BUSY)
        turn = self._turns.setdefault(owner.client, asyncio.Lock())
        self._waiting += 1
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(MOST_WAIT_S), turn:
                    await asyncio.sleep(0)  # what others send comes between two
                    while self._has_to_wait(owner.client):  # noqa: ASYNC110 (threads change it, often)
                        await asyncio.sleep(_LOOK_S)
        finally:
            self._waiting -= 1

    def _has_to_wait(self, client: Hashable) -> bool:
        return self._others_wait(client) and self._had.had(client) > self._shares.now + AHEAD_S
