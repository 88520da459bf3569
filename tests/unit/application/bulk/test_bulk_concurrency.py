import asyncio
from collections.abc import AsyncIterator

import pytest

from application.bulk.concurrency import batched, map_ordered


async def test_results_are_in_the_order_of_the_items() -> None:
    async def slow_if_early(item: int) -> int:
        await asyncio.sleep(0.01 * (3 - item % 3))
        return item

    assert [done async for done in map_ordered(range(10), slow_if_early, 4)] == list(range(10))


async def test_no_more_than_the_width_are_at_work() -> None:
    now = most = 0

    async def work(_: int) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        now -= 1

    assert len([done async for done in map_ordered(range(20), work, 3)]) == 20
    assert most == 3


async def test_items_are_taken_as_results_are() -> None:
    taken: list[int] = []

    async def endless() -> AsyncIterator[int]:
        while True:
            taken.append(len(taken))
            yield len(taken)

    async def work(item: int) -> int:
        return item

    results = map_ordered(endless(), work, 2)
    assert [await anext(results), await anext(results)] == [1, 2]
    assert len(taken) == 3


async def test_an_error_ends_it_and_nothing_is_left_running() -> None:
    ended = []

    async def work(item: int) -> int:
        if item == 1:
            raise ZeroDivisionError
        try:
            await asyncio.sleep(3600 if item > 1 else 0)
        finally:
            ended.append(item)
        return item

    with pytest.raises(ZeroDivisionError):
        [done async for done in map_ordered(range(5), work, 5)]
    assert ended == [0, 2, 3, 4]


def test_batches_have_all_items() -> None:
    assert list(batched(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(batched([], 2)) == []
