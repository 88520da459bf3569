"""The use cases on API keys, and the check of each request's key."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from application.audit_notes import note
from application.ports.api_keys import ApiKeyRepository, NewKey
from domain.api_keys import (
    FULL_ACCESS,
    ApiKey,
    Grant,
    KeyId,
    key_name,
    new_secret,
    secret_digest,
    well_formed,
)
from domain.errors import ApiKeyNotFound, FaceServiceError, InvalidInput, Unauthenticated
from domain.limits import DEFAULT_LIMITS, Limits

CACHED_S = 1.0
"""How long a process relies on what it has read of a key: a revocation is obeyed everywhere after at most so long."""
MOST_CACHED = 10_000
"""Keys, valid or not, that a process remembers at once."""
USE_RECORDED_S = 60.0
"""Precision of a key's last use."""
LONGEST_OVERLAP = timedelta(days=90)
"""For which a rotated key stays valid."""

logger = logging.getLogger("face.keys")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key and its secret, which is shown this once."""

    key: ApiKey
    secret: str


@dataclass(frozen=True, slots=True)
class ManageKeys:
    """Creates, lists, rotates and revokes API keys."""

    keys: ApiKeyRepository

    async def create(
        self, name: str, grant: Grant, expires_at: datetime | None = None, limits: Limits = DEFAULT_LIMITS
    ) -> IssuedKey:
        """A new key.

        Raises:
            InvalidInput: the name is no name, or the key would have expired already.
        """
        if expires_at is not None and expires_at <= _now():
            raise InvalidInput("The time at which the key expires has passed.")
        secret = new_secret()
        new = NewKey(key_name(name), grant, secret_digest(secret), expires_at, limits)
        key = await self.keys.create(new)
        if key is None:
            raise AssertionError("only a first key may be refused")
        note(target_keys=[key.id])
        return IssuedKey(key, secret)

    async def create_first(self, name: str) -> IssuedKey | None:
        """An administrator's key if there is no key yet; None otherwise."""
        secret = new_secret()
        key = await self.keys.create(
            NewKey(key_name(name), FULL_ACCESS, secret_digest(secret)), only_first=True
        )
        return None if key is None else IssuedKey(key, secret)

    async def list(self) -> Sequence[ApiKey]:
        """All keys, valid or not; the newest 1,000 at most."""
        return await self.keys.list()

    async def any(self) -> bool:
        """Whether there is any key, valid or not."""
        return await self.keys.any()

    async def rotate(self, key_id: KeyId, overlap: timedelta = timedelta()) -> IssuedKey:
        """Replace a key by one with the same name, permissions and limits; the old one stays valid for `overlap`.

        Raises:
            ApiKeyNotFound: there is no such key, or it is not valid any more.
            InvalidInput: the overlap is negative or longer than 90 days.
        """
        if not timedelta() <= overlap <= LONGEST_OVERLAP:
            raise InvalidInput(f"The overlap is between 0 and {LONGEST_OVERLAP.days} days.")
        old = await self.keys.get(key_id)
        if old is None or not old.valid(_now()):
            raise ApiKeyNotFound
        note(target_keys=[old.id])
        issued = await self.create(old.name, old.grant, old.expires_at, old.limits)
        if overlap:
            await self.keys.expire(key_id, _now() + overlap)
        else:
            await self.keys.revoke(key_id)
        return issued

    async def change(self, key_id: KeyId, change: Callable[[Limits], Limits]) -> ApiKey:
        """Change a key's limits; every process obeys after CACHED_S at most.

        Raises:
            ApiKeyNotFound: there is no such key, or it is not valid any more.
        """
        old = await self.keys.get(key_id)
        key = await self.keys.limit(key_id, change(old.limits)) if old and old.valid(_now()) else None
        if key is None:
            raise ApiKeyNotFound
        note(target_keys=[key.id])
        return key

    async def revoke(self, key_id: KeyId) -> ApiKey:
        """Make a key invalid for good.

        Raises:
            ApiKeyNotFound: there is no such key.
        """
        key = await self.keys.revoke(key_id)
        if key is None:
            raise ApiKeyNotFound
        note(target_keys=[key.id])
        return key


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, and what they may do."""

    grant: Grant
    key_id: KeyId | None
    """None for requests without a key, where they are allowed."""
    limits: Limits = DEFAULT_LIMITS


ANONYMOUS = Caller(FULL_ACCESS, None)


@dataclass(slots=True)
class _Cached:
    read: float
    """By the monotonic clock."""
    key: ApiKey | None


class Authenticate:
    """Finds out who sent a request; one instance a process."""

    def __init__(
        self,
        keys: ApiKeyRepository,
        *,
        anonymous: bool,
        local: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Requests without a key may do everything if they are `anonymous`.

        Where the service is `local`, on a loopback address only, they may as long as there has never been a key.
        """
        self._keys = keys
        self._anonymous = anonymous
        self._local = local
        self._clock = clock
        self._cache: dict[bytes, _Cached] = {}
        self._recorded: dict[KeyId, float] = {}
        self._keyless: float | None = None
        """When there was no key at all, by the clock."""
        self._recording: set[asyncio.Task[None]] = set()

    async def execute(self, secret: str | None) -> Caller:
        """The caller who sent this secret, or none.

        A key that was revoked or has expired is refused at most CACHED_S later, in every process.

        Raises:
            Unauthenticated: the key is not valid, or there is none and one is needed.
            Unavailable: the store does not answer.
        """
        if secret is None:
            if self._anonymous or (self._local and await self._no_keys()):
                return ANONYMOUS
            raise Unauthenticated
        key = await self._find(secret) if well_formed(secret) else None
        if key is None or not key.valid(_now()):
            raise Unauthenticated
        self._record_use(key)
        return Caller(key.grant, key.id, key.limits)

    async def _no_keys(self) -> bool:
        if self._keyless is None or self._clock() - self._keyless >= CACHED_S:
            self._keyless = None if await self._keys.any() else self._clock()
        return self._keyless is not None

    async def _find(self, secret: str) -> ApiKey | None:
        digest = secret_digest(secret)
        cached = self._cache.get(digest)
        if cached is None or self._clock() - cached.read >= CACHED_S:
            read = self._clock()
            cached = _Cached(read, await self._keys.find(digest))
            self._cache.pop(digest, None)
            self._cache[digest] = cached
            while len(self._cache) > MOST_CACHED:
                del self._cache[next(iter(self._cache))]
        return cached.key

    def _record_use(self, key: ApiKey) -> None:
        now = self._clock()
        recorded = self._recorded.get(key.id)
        if recorded is not None and now - recorded < USE_RECORDED_S:
            return
        self._recorded[key.id] = now
        task = asyncio.create_task(self._recorded_use(key.id))
        self._recording.add(task)
        task.add_done_callback(self._recording.discard)

    async def _recorded_use(self, key_id: KeyId) -> None:
        try:
            await self._keys.used(key_id, _now())
        except FaceServiceError as error:
            logger.warning("the last use of API key %d is not recorded: %s", key_id, error)
