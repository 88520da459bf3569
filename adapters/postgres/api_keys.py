"""API keys on PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, LargeBinary, bindparam, exists, func, insert, literal, select, text, update
from typing_extensions import override

from adapters.postgres.database import PostgresAdapter
from adapters.postgres.tables import api_key
from application.ports.api_keys import MAX_LISTED, ApiKeyRepository, NewKey, StoredKey
from domain.api_keys import ApiKey, KeyId, Scope, grant
from domain.limits import Limits

_COLUMNS = tuple(column for column in api_key.c if column is not api_key.c.digest)
_ID = bindparam("key_id", type_=BigInteger)

_GET = select(*_COLUMNS).where(api_key.c.id == _ID)
_ANY = select(exists(select(api_key.c.id)).label("found"))
_FIND = select(*_COLUMNS).where(api_key.c.digest == bindparam("sha256", type_=LargeBinary))
_LIST = select(*_COLUMNS).order_by(api_key.c.id.desc()).limit(MAX_LISTED)
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


class PostgresApiKeys(PostgresAdapter, ApiKeyRepository):
    """A row per key; what depends on there being none takes turns by a lock."""

    @override
    async def create(self, key: NewKey, *, only_first: bool = False) -> ApiKey | None:
        async with self._database.transaction() as connection:
            if only_first:
                await connection.execute(select(_LOCK))
                if (await connection.execute(_ANY)).scalar_one():
                    return None
            created = insert(api_key).values(digest=key.digest, **_values(key)).returning(*_COLUMNS)
            return _key((await connection.execute(created)).one())

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
        column = api_key.c.expires_at
        return await self._change(key_id, expires_at=func.least(column, literal(at, column.type)))

    @override
    async def limit(self, key_id: KeyId, limits: Limits) -> ApiKey | None:
        return await self._change(key_id, **asdict(limits))

    @override
    async def revoke(self, key_id: KeyId) -> ApiKey | None:
        return await self._change(key_id, revoked_at=func.coalesce(api_key.c.revoked_at, func.now()))

    @override
    async def used(self, key_id: KeyId, at: datetime) -> None:
        column = api_key.c.last_used_at
        minute = func.date_trunc("minute", literal(at, column.type))
        await self._change(key_id, last_used_at=func.greatest(column, minute))

    async def _change(self, key_id: KeyId, **values: object) -> ApiKey | None:
        change = update(api_key).where(api_key.c.id == key_id).values(**values).returning(*_COLUMNS)
        return next(map(_key, await self._database.write(change, {})), None)

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
                await connection.execute(_RESTORE, list(map(_stored_values, keys)))
                await connection.execute(_RESERVE_IDS, {"greatest": max(each.key.id for each in keys)})
        return True


def _stored_values(stored: StoredKey) -> dict[str, object]:
    key = stored.key
    return {
        **_values(key),
        "id": key.id,
        "digest": stored.digest,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }


def _values(key: NewKey | ApiKey) -> dict[str, object]:
    collections = key.grant.collections
    return {
        "name": key.name,
        "scopes": sorted(key.grant.scopes),
        "collections": None if collections is None else sorted(collections),
        "expires_at": key.expires_at,
        **asdict(key.limits),
    }


def _key(row: Sequence[Any]) -> ApiKey:
    key_id, name, scopes, collections, created, expires, revoked, used, requests, photos = row
    permissions, limits = grant(map(Scope, scopes), collections), Limits(requests, photos)
    return ApiKey(key_id, name, permissions, created, expires, revoked, used, limits)
