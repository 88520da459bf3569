"""How fast clients may send while photos wait for a thread."""

import asyncio
from collections.abc import Callable, Hashable
from contextlib import suppress
from weakref import WeakValueDictionary

from adapters.threads.fairness import MOST_AHEAD_S, ClientShares, Owner, Shares

BYTE_S = 5e-9
"""What receiving a byte counts as, in time of a thread. In processor time it takes 1 ns of a raw body, half of it for
fresh pages of memory, 1.5 to 2.4 ns of a form, and 4 ns of JSON, most of it for base64 (AMD EPYC of the fifth
generation): 2.5 ns on average, and the time of threads goes by twice as fast, since on two cores four take turns."""
AHEAD_S = 0.16
"""How much of it a client may take ahead of its turn: 32 MB, so that a few photos of any size never wait."""
MOST_WAIT_S = 5.0
"""For one piece of a body, so that no proxy takes the service for dead."""
_LOOK_S = 0.05
"""Between two looks at whose turn it is."""


class ReceivingShares:
    """Counts the receiving of bodies as time of their clients, and lets those wait who take more than their share.

    Receiving is work of the event loop, which has no queue that could be fair. So while photos wait, one piece of a
    client's bodies is read in each of its iterations, and whoever has sent much waits before the next until the
    others have had as much time of the threads. Where no photo waits for a thread, nobody does.
    """

    def __init__(self, shares: ClientShares, photos_wait: Callable[[], bool]) -> None:
        """Use the time that clients have had of threads, and whether anything waits for one, or has until now."""
        self._shares = shares
        self._photos_wait = photos_wait
        self._sent = Shares()
        """Where each client would be in the shares' time if it had only sent."""
        self._turns: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()
        """Of each client that sends: its connections take turns, and only one of them looks at the time."""

    async def count(self, owner: Owner, size: int, *, last: bool) -> None:
        """Count so many bytes; returns when more may be read, at once after the last of a body."""
        seconds = BYTE_S * size
        self._shares.charge_otherwise(owner, seconds, MOST_AHEAD_S)
        self._sent.start = self._shares.now
        self._sent.charge(owner.client, seconds, MOST_AHEAD_S)
        if last or not self._photos_wait():
            return
        turn = self._turns.setdefault(owner.client, asyncio.Lock())
        with suppress(TimeoutError):
            async with asyncio.timeout(MOST_WAIT_S), turn:
                await asyncio.sleep(0)  # others' requests come between two pieces
                while self._has_to_wait(owner.client):  # noqa: ASYNC110 (threads change it, often)
                    await asyncio.sleep(_LOOK_S)

    def _has_to_wait(self, client: Hashable) -> bool:
        return self._photos_wait() and self._sent.had(client) > self._shares.now + AHEAD_S
