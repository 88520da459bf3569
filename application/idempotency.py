"""Requests that may be sent twice and must be carried out once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from application.ports.idempotency import Answer, Idempotency


@dataclass(frozen=True, slots=True)
class AnswerOnce:
    """Gives a repeated request the answer of the first."""

    idempotency: Idempotency

    async def execute(
        self, key: str | None, fingerprint: bytes, action: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """The answer of `action`, or, if a request of this key was answered before, that answer.

        A failure is not kept: the client may try again.

        Raises:
            KeyReused, KeyInProgress: see Idempotency.begin.
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
