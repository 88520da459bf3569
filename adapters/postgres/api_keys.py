"""API keys on PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Integer,
    LargeBinary,
    bindparam,
    exists,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from adapters.postgres.database import Database
from adapters.postgres.tables import api_key
from application.ports.api_keys import MAX_LISTED, ApiKeyRepository, NewKey, StoredKey
from domain.api_keys import ApiKey, Grant, KeyId, Scope, grant
from domain.limits import Limits

_COLUMNS = tuple(column for column in api_key.c if column is not api_key.c.digest)
_ID = bindparam("key_id", type_=BigInteger)
_AT = bindparam("at", type_=DateTime(timezone=True))

_CREATE = insert(api_key).returning(*_COLUMNS)
_GET = select(*_COLUMNS).where(api_key.c.id == _ID)
_ANY = select(exists(select(api_key.c.id)).label("found"))
_FIND = select(*_COLUMNS).where(api_key.c.digest == bindparam("sha256", type_=LargeBinary))
_LIST = select(*_COLUMNS).order_by(api_key.c.id.desc()).limit(MAX_LISTED)
_EXPIRE = (
    update(api_key)
    .where(api_key.c.id == _ID)
    .values(expires_at=func.least(api_key.c.expires_at, _AT))
    .returning(*_COLUMNS)
)
_LIMIT = (
    update(api_key)
    .where(api_key.c.id == _ID)
    .values(
        requests_per_minute=bindparam("requests", type_=Integer),
        concurrent_photos=bindparam("photos", type_=Integer),
    )
    .returning(*_COLUMNS)
)
_REVOKE = (
    update(api_key)
    .where(api_key.c.id == _ID)
    .values(revoked_at=func.coalesce(api_key.c.revoked_at, func.now()))
    .returning(*_COLUMNS)
)
_USED = (
    update(api_key)
    .where(api_key.c.id == _ID)
    .values(last_used_at=func.greatest(api_key.c.last_used_at, func.date_trunc("minute", _AT)))
)
_STORED = (
    select(*_COLUMNS, api_key.c.digest)
    .where(api_key.c.id > bindparam("after", type_=BigInteger))
    .order_by(api_key.c.id)
    .limit(bindparam("limit", type_=BigInteger))
)
_RESTORE = text(
    """
    INSERT INTO api_key (id, name, digest, scopes, collections, created_at, expires_at, revoked_at, last_used_at,
        requests_per_minute, concurrent_photos)
    OVERRIDING SYSTEM VALUE
    VALUES (:id, :name, :digest, CAST(:scopes AS text[]), CAST(:collections AS text[]), :created_at, :expires_at,
        :revoked_at, :last_used_at, :requests_per_minute, :concurrent_photos)
    """
)
_RESERVE_IDS = text("SELECT setval(pg_get_serial_sequence('api_key', 'id'), CAST(:greatest AS bigint))")
_LOCK = func.pg_advisory_xact_lock(0x_FACE_0E7)
"""Two services that start at once make one first key."""


class PostgresApiKeys(ApiKeyRepository):
    """A row per key; what depends on there being none takes turns by a lock."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    @override
    async def create(self, key: NewKey, *, only_first: bool = False) -> ApiKey | None:
        values = {
            "name": key.name,
            "digest": key.digest,
            **_permissions(key.grant),
            "expires_at": key.expires_at,
            **_limits(key.limits),
        }
        async with self._database.transaction() as connection:
            if only_first:
                await connection.execute(select(_LOCK))
                if (await connection.execute(_ANY)).scalar_one():
                    return None
            return _key((await connection.execute(_CREATE.values(values))).one())

    @override
    async def find(self, digest: bytes) -> ApiKey | None:
        return next(map(_key, await self._database.read(_FIND, {"sha256": digest})), None)

    @override
    async def get(self, key_id: KeyId) -> ApiKey | None:
        return next(map(_key, await self._database.read(_GET, {"key_id": key_id})), None)

    @override
    async def any(self) -> bool:
        ((found,),) = await self._database.read(_ANY, {})
        return bool(found)

    @override
    async def list(self) -> list[ApiKey]:
        return [_key(row) for row in reversed(await self._database.read(_LIST, {}))]

    @override
    async def expire(self, key_id: KeyId, at: datetime) -> ApiKey | None:
        return next(map(_key, await self._database.write(_EXPIRE, {"key_id": key_id, "at": at})), None)

    @override
    async def limit(self, key_id: KeyId, limits: Limits) -> ApiKey | None:
        values = {
            "key_id": key_id,
            "requests": limits.requests_per_minute,
            "photos": limits.concurrent_photos,
        }
        return next(map(_key, await self._database.write(_LIMIT, values)), None)

    @override
    async def revoke(self, key_id: KeyId) -> ApiKey | None:
        return next(map(_key, await self._database.write(_REVOKE, {"key_id": key_id})), None)

    @override
    async def used(self, key_id: KeyId, at: datetime) -> None:
        await self._database.change(_USED, {"key_id": key_id, "at": at})

    @override
    async def stored(self, limit: int, after: KeyId | None = None) -> Sequence[StoredKey]:
        rows = await self._database.read(_STORED, {"limit": limit, "after": after or 0})
        return [StoredKey(_key(row[:-1]), row[-1]) for row in rows]

    @override
    async def restore(self, keys: Sequence[StoredKey]) -> bool:
        async with self._database.transaction(adds=True) as connection:
            await connection.execute(select(_LOCK))
            if (await connection.execute(_ANY)).scalar_one():
                return False
            if keys:
                await connection.execute(_RESTORE, list(map(_values, keys)))
                await connection.execute(_RESERVE_IDS, {"greatest": max(each.key.id for each in keys)})
        return True


def _values(stored: StoredKey) -> dict[str, object]:
    key = stored.key
    return {
        "id": key.id,
        "name": key.name,
        "digest": stored.digest,
        **_permissions(key.grant),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        **_limits(key.limits),
    }


def _permissions(permissions: Grant) -> dict[str, list[str] | None]:
    collections = permissions.collections
    return {
        "scopes": sorted(permissions.scopes),
        "collections": None if collections is None else sorted(collections),
    }


def _limits(limits: Limits) -> dict[str, int | None]:
    return {
        "requests_per_minute": limits.requests_per_minute,
        "concurrent_photos": limits.concurrent_photos,
    }


def _key(row: Sequence[Any]) -> ApiKey:
    key_id, name, scopes, collections, *times, requests, photos = row
    created_at, expires_at, revoked_at, last_used_at = times
    permissions = grant(map(Scope, scopes), collections)
    return ApiKey(
        key_id,
        name,
        permissions,
        created_at,
        expires_at,
        revoked_at,
        last_used_at,
        Limits(requests, photos),
    )
