"""Requests that may be sent twice and must be carried out once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from application.ports.idempotency import Idempotency


@dataclass(frozen=True, slots=True)
class AnswerOnce:
    """Gives a repeated request the answer of the first."""

    idempotency: Idempotency

    async def execute(
        self, key: str | None, fingerprint: bytes, action: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """The encoded answer of `action`, or, if a request of this key was answered before, that answer.

        A failure is not stored: the client may try again.

        Raises:
            KeyReused: another request was sent with this key.
            KeyInProgress: the first request with this key is still being answered.
        """
        if key is None:
            return await action()
        answered = await self.idempotency.begin(key, fingerprint)
        if answered is not None:
            return answered
        try:
            answer = await action()
        except BaseException:
            await self.idempotency.forget(key)
            raise
        await self.idempotency.finish(key, answer)
        return answer
