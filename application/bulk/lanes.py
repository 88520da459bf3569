"""Many pieces of work, several at a time."""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def in_order(
    items: AsyncIterable[T], work: Callable[[T], Awaitable[R]], width: int
) -> AsyncIterator[R]:
    """The results of `work`, in the order of the items.

    Args:
        items: taken as results are, so that they may be endless.
        work: its first error ends it all.
        width: how many items are at work, or done and waiting for those before them.
    """
    begun: deque[asyncio.Future[R]] = deque()
    try:
        async for item in items:
            begun.append(asyncio.ensure_future(work(item)))
            if len(begun) >= width:
                yield await begun.popleft()
        while begun:
            yield await begun.popleft()
    finally:
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)


async def batches(items: Iterable[T], size: int) -> AsyncIterator[list[T]]:
    """`size` items at a time, in their order."""
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


async def each(items: Iterable[T]) -> AsyncIterator[T]:
    """The items, one at a time."""
    for item in items:
        yield item
