import asyncio
from collections.abc import Callable
from typing import Any, cast

import httpx
from litestar import Litestar, get
from litestar.di import NamedDependency, Provide

from entrypoints.http.app import resolve_dependencies_in_turn


async def test_what_a_handler_asks_for_takes_no_task_of_its_own() -> None:
    tasks: list[object] = []

    def first() -> int:
        tasks.append(asyncio.current_task())
        return 1

    def second(first: NamedDependency[int]) -> int:
        tasks.append(asyncio.current_task())
        return first + 1

    def third() -> int:
        tasks.append(asyncio.current_task())
        return 3

    @get("/")
    async def handler(
        second: NamedDependency[int], third: NamedDependency[int], first: NamedDependency[int]
    ) -> list[int]:
        tasks.append(asyncio.current_task())
        return [first, second, third]

    providers: dict[str, Callable[..., Any]] = {"first": first, "second": second, "third": third}
    dependencies = {name: Provide(each, sync_to_thread=False) for name, each in providers.items()}
    api = Litestar([handler], dependencies=dependencies, openapi_config=None, logging_config=None)
    resolve_dependencies_in_turn(api)
    transport = httpx.ASGITransport(cast("Any", api))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/")
    assert answer.json() == [1, 2, 3]
    assert len(tasks) == 4
    assert len(set(tasks)) == 1
