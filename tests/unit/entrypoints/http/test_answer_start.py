"""What is called as an answer starts."""

from collections.abc import Awaitable
from typing import Any

import pytest
from litestar.types import HTTPResponseStartEvent, Message

from entrypoints.http.middleware.answer_start import at_start

START: Message = {"type": "http.response.start", "status": 200, "headers": []}
BODY: Message = {"type": "http.response.body", "body": b"", "more_body": False}


class Calls(list[str]):
    """What was called, in order."""

    def hook(self, name: str) -> Any:
        def call(_: HTTPResponseStartEvent) -> None:
            self.append(name)

        return call

    def waiting_hook(self, name: str) -> Any:
        async def wait() -> None:
            self.append(name)

        def call(_: HTTPResponseStartEvent) -> Awaitable[None]:
            return wait()

        return call

    async def send(self, message: Message) -> None:
        self.append(message["type"].rpartition(".")[2])


async def test_inner_layers_come_first_and_all_before_the_answer() -> None:
    calls = Calls()
    outer = at_start(calls.send, calls.hook("outer"))
    inner = at_start(at_start(outer, calls.waiting_hook("middle")), calls.hook("inner"))
    assert inner is outer
    await inner(START)
    await inner(BODY)
    assert calls == ["inner", "middle", "outer", "start", "body"]


async def test_a_layer_with_a_send_of_its_own_keeps_the_order() -> None:
    calls = Calls()
    outer = at_start(calls.send, calls.hook("outer"))

    async def between(message: Message) -> None:
        calls.append("between")
        await outer(message)

    await at_start(between, calls.hook("inner"))(START)
    assert calls == ["inner", "between", "outer", "start"]


async def test_nothing_is_sent_where_a_hook_fails() -> None:
    calls = Calls()

    def fail(_: HTTPResponseStartEvent) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await at_start(calls.send, fail)(START)
    assert calls == []
