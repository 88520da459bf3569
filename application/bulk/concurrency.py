"""Concurrent work on many items, each of which may fail alone."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from application.bulk.errors import FATAL
from domain.errors import FaceServiceError

T = TypeVar("T")
R = TypeVar("R")
Cursor = TypeVar("Cursor")

logger = logging.getLogger("face.bulk")


async def map_ordered(
    items: AsyncIterable[T] | Iterable[T], work: Callable[[T], Awaitable[R]], concurrency: int
) -> AsyncIterator[R]:
    """Yield the results of `work`, in the order of the items. The first error cancels what is running.

    At most `concurrency` items are being worked on, or wait for the results before them: items are consumed no faster
    than the results are, and may be endless.
    """
    running: deque[asyncio.Future[R]] = deque()
    try:
        async for item in items if isinstance(items, AsyncIterable) else _asynchronous(items):
            running.append(asyncio.ensure_future(work(item)))
            if len(running) >= concurrency:
                yield await running.popleft()
        while running:
            yield await running.popleft()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _asynchronous(items: Iterable[T]) -> AsyncIterator[T]:
    for item in items:
        yield item


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` items; the last may be shorter."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


async def prefetched_pages(
    fetch: Callable[[Cursor | None], Awaitable[Sequence[T]]], cursor: Callable[[T], Cursor]
) -> AsyncIterator[Sequence[T]]:
    """Yield all pages that have items; the next one is fetched, after the last item's cursor, while one is used."""
    following = asyncio.ensure_future(fetch(None))
    try:
        while page := await following:
            following = asyncio.ensure_future(fetch(cursor(page[-1])))
            yield page
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def result_or_error(work: Awaitable[T]) -> T | FaceServiceError:
    """The result of work on one item, or the error that concerns this item only.

    Raises:
        FaceServiceError: one of FATAL, which would stop all other items as well.
    """
    try:
        return await work
    except FATAL:
        raise
    except FaceServiceError as error:
        return error
    except Exception:
        # A defect in our code or a library that this item reveals must not stop the others.
        logger.exception("an item could not be processed")
        return FaceServiceError("Something went wrong with this photo; the log has the particulars.")
