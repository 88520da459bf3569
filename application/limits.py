"""The limits of clients: requests a minute, and photos at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from application.ports.limits import LimitCounters
from application.ports.workers import WorkerPool, current_client
from domain.limits import Limits, Quota, RateLimited, TooManyPhotos

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class LimitClients:
    """Admits requests and photos within the limits of whoever sends them."""

    counters: LimitCounters
    default: Limits
    """Of keys without limits of their own, and of addresses where there are no keys."""
    workers: WorkerPool
    """Work takes turns there."""

    async def admit(self, holder: str, own: Limits) -> Quota | None:
        """Say whose the current client's work is, wait for its turn, and count a request.

        Returns None where requests are unlimited.

        Raises:
            RateLimited: there were too many in the last minute.
            Busy: the client has had more than its share, and too many wait.
        """
        limits = own.or_else(self.default)
        client = current_client.get()
        if client is not None:
            client.name = holder
        await self.workers.turn()
        if limits.concurrent_photos and client is not None:
            client.photos = PhotoPlaces(self.counters, holder, limits.concurrent_photos)
            client.when_done(client.photos.close)
        if not limits.requests_per_minute:
            return None
        counted, quota = self.counters.count_request(holder, limits.requests_per_minute)
        if not counted:
            raise RateLimited(quota)
        return quota


class PhotoPlaces:
    """The places that the photos of one request have among all photos of its client.

    The first photo takes one or is refused. The others of the request, a batch's say, take what is free, or wait for
    each other.
    """

    def __init__(self, counters: LimitCounters, holder: str, limit: int) -> None:
        self._counters = counters
        self._holder = holder
        self._limit = limit
        self._held = 0
        self._used = 0
        self._freed = asyncio.Event()

    def hold(self) -> None:
        """Have at least one place.

        Raises:
            TooManyPhotos: none is free.
        """
        if self._held == 0 and not self._take():
            raise TooManyPhotos

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place for one photo, which the next of the request has afterwards; raises what `hold` raises."""
        self.hold()
        while self._used >= self._held and not self._take():
            self._freed.clear()
            await self._freed.wait()
        self._used += 1
        try:
            yield
        finally:
            self._used -= 1
            self._freed.set()

    def close(self) -> None:
        """Give all places back."""
        if self._held:
            self._counters.give_back_photos(self._holder, self._held)
            self._held = 0

    def _take(self) -> bool:
        taken = self._counters.take_photo(self._holder, self._limit)
        self._held += taken
        return taken


def hold_photo_place() -> None:
    """Have a place for a photo before a request with several photos begins; raises what PhotoPlaces.hold raises."""
    client = current_client.get()
    if client is not None and client.photos is not None:
        client.photos.hold()


async def run_on_photo(workers: WorkerPool, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The result of work on a photo, within the current client's limit; raises what WorkerPool.run raises.

    Raises:
        TooManyPhotos: the client has as many photos in work as it may.
    """
    client = current_client.get()
    if client is None or client.photos is None:
        return await workers.run(work, *args, **kwargs)
    async with client.photos.place():
        return await workers.run(work, *args, **kwargs)
