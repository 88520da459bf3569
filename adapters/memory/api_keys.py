"""API keys in this process's memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from typing_extensions import override

from application.ports.api_keys import MAX_LISTED, ApiKeyRepository, NewKey, StoredKey
from domain.api_keys import ApiKey, KeyId
from domain.limits import Limits


class InMemoryApiKeys(ApiKeyRepository):
    """A dictionary; nothing here waits, so that no two changes interleave."""

    def __init__(self) -> None:
        self._keys: dict[KeyId, ApiKey] = {}
        self._ids: dict[bytes, KeyId] = {}

    @override
    async def create(self, key: NewKey, *, only_first: bool = False) -> ApiKey | None:
        if only_first and self._keys:
            return None
        key_id = KeyId(max(self._keys, default=0) + 1)
        created = ApiKey(key_id, key.name, key.grant, datetime.now(UTC), key.expires_at, limits=key.limits)
        self._keys[key_id] = created
        self._ids[key.digest] = key_id
        return created

    @override
    async def find(self, digest: bytes) -> ApiKey | None:
        key_id = self._ids.get(digest)
        return None if key_id is None else self._keys[key_id]

    @override
    async def get(self, key_id: KeyId) -> ApiKey | None:
        return self._keys.get(key_id)

    @override
    async def any(self) -> bool:
        return bool(self._keys)

    @override
    async def list(self) -> list[ApiKey]:
        return list(self._keys.values())[-MAX_LISTED:]

    @override
    async def expire(self, key_id: KeyId, at: datetime) -> ApiKey | None:
        return self._change(key_id, lambda key: replace(key, expires_at=min(at, key.expires_at or at)))

    @override
    async def limit(self, key_id: KeyId, limits: Limits) -> ApiKey | None:
        return self._change(key_id, lambda key: replace(key, limits=limits))

    @override
    async def revoke(self, key_id: KeyId) -> ApiKey | None:
        now = datetime.now(UTC)
        return self._change(key_id, lambda key: replace(key, revoked_at=key.revoked_at or now))

    @override
    async def used(self, key_id: KeyId, at: datetime) -> None:
        minute = at.replace(second=0, microsecond=0)
        self._change(key_id, lambda key: replace(key, last_used_at=max(minute, key.last_used_at or minute)))

    def _change(self, key_id: KeyId, change: Callable[[ApiKey], ApiKey]) -> ApiKey | None:
        if key_id in self._keys:
            self._keys[key_id] = change(self._keys[key_id])
        return self._keys.get(key_id)

    @override
    async def stored(self, limit: int, after: KeyId | None = None) -> Sequence[StoredKey]:
        digests = {key_id: digest for digest, key_id in self._ids.items()}
        ids = sorted(key_id for key_id in self._keys if key_id > (after or 0))[:limit]
        return [StoredKey(self._keys[key_id], digests[key_id]) for key_id in ids]

    @override
    async def restore(self, keys: Sequence[StoredKey]) -> bool:
        if self._keys:
            return False
        self._keys = {each.key.id: each.key for each in keys}
        self._ids = {each.digest: each.key.id for each in keys}
        return True
