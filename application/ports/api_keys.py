"""Storage of API keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.api_keys import ApiKey, Grant, KeyId
from domain.limits import DEFAULT_LIMITS, Limits


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to store."""

    name: str
    grant: Grant
    digest: bytes
    """SHA-256 of the secret, 32 bytes."""
    expires_at: datetime | None = None
    limits: Limits = DEFAULT_LIMITS


@dataclass(frozen=True, slots=True)
class StoredKey:
    """All that is stored of a key."""

    key: ApiKey
    digest: bytes
    """As in NewKey."""


MAX_LISTED = 1000
"""Keys in a list."""


class ApiKeyRepository(Protocol):
    """API keys. Revoked and expired ones stay, so that it is known who had access.

    All methods may be called concurrently, by several processes. Each raises Unavailable when the store does not
    answer. Times have a time zone.
    """

    async def create(self, key: NewKey, *, only_first: bool = False) -> ApiKey | None:
        """Store a key; with `only_first` only if there is none at all, not even a revoked one, else None."""

    async def find(self, digest: bytes) -> ApiKey | None:
        """The key whose secret has this SHA-256, valid or not."""

    async def get(self, key_id: KeyId) -> ApiKey | None:
        """The key with this id, valid or not."""

    async def any(self) -> bool:
        """Whether there is any key, valid or not."""

    async def list(self) -> Sequence[ApiKey]:
        """All keys in the order of their ids, the newest MAX_LISTED at most."""

    async def expire(self, key_id: KeyId, at: datetime) -> ApiKey | None:
        """Let a valid key expire at a time, unless it does before; None if there is no such key."""

    async def limit(self, key_id: KeyId, limits: Limits) -> ApiKey | None:
        """Replace a key's limits; None if there is no such key."""

    async def revoke(self, key_id: KeyId) -> ApiKey | None:
        """Make a key invalid for good; None if there is no such key."""

    async def used(self, key_id: KeyId, at: datetime) -> None:
        """Record when a key was used, unless a later use is recorded."""

    async def stored(self, limit: int, after: KeyId | None = None) -> Sequence[StoredKey]:
        """At most `limit` keys with ids greater than `after`, by ascending id."""

    async def restore(self, keys: Sequence[StoredKey]) -> bool:
        """Store keys with their ids, all or none: none, and the answer False, if there is any key already."""
