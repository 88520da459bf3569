"""What layers of the application do as an answer starts: one `send` calls it for all of them."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from litestar.types import HTTPResponseStartEvent, Message, Send

StartHook: TypeAlias = Callable[[HTTPResponseStartEvent], Awaitable[object] | None]


class _HookedSend:
    """A `send` with what is called before the answer starts."""

    __slots__ = ("_send", "hooks")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.hooks: list[StartHook] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            for hook in reversed(self.hooks):
                if (waiting := hook(message)) is not None:
                    await waiting
        await self._send(message)


def at_start(send: Send, hook: StartHook) -> Send:
    """A `send` that calls `hook` with the event that starts an answer, and waits for what it returns.

    Layers call it in turn, each with the `send` that it was given: hooks of inner layers come first.
    """
    hooked = send if isinstance(send, _HookedSend) else _HookedSend(send)
    hooked.hooks.append(hook)
    return hooked
