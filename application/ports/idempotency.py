"""Answers by idempotency key, so that a repeated request is not carried out twice."""

from datetime import timedelta
from typing import Protocol

LIFETIME = timedelta(hours=24)
"""How long an answer is stored."""

PATIENCE = timedelta(minutes=5)
"""After so long without an answer, a request is taken for lost."""


class Idempotency(Protocol):
    """Keys of requests, stored for LIFETIME. All methods may be called concurrently, by several processes.

    Each raises Unavailable when the store does not answer.
    """

    async def begin(self, key: str, fingerprint: bytes) -> bytes | None:
        """The answer that the request had; None when it is to be carried out now, by the caller alone.

        `fingerprint` is a digest of the request, which tells it from others.

        Raises:
            KeyReused: another request was sent with this key.
            KeyInProgress: the request is being carried out. After PATIENCE it is taken for lost, and may
                begin again.
        """

    async def finish(self, key: str, answer: bytes) -> None:
        """Store the answer, as its maker encoded it; it is durable when this returns.

        A key that hasn't begun is left alone.
        """

    async def forget(self, key: str) -> None:
        """Let the request be sent again: it was not carried out."""
