"""An event loop whose clock jumps to the next timer when there is nothing else to do.

What is said of seconds then holds on a machine of any speed, and takes none of them.
"""

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec

from typing_extensions import override

P = ParamSpec("P")


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting for a time, moves the clock by it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:  # there is no timer: what is waited for is another thread
            return super().select()
        found = super().select(0)
        if not found:
            self.now += max(timeout, 0)
        return found


class _VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    @override
    def time(self) -> float:
        return self._jumping.now


def in_virtual_time(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Decorates an asynchronous test, whose fixtures must be synchronous."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def main() -> None:
            await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=_VirtualTimeLoop) as runner:
            runner.run(main())

    return run
