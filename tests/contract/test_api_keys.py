"""What ApiKeyRepository promises, of each adapter."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.api_keys import InMemoryApiKeys
from adapters.postgres.api_keys import PostgresApiKeys
from application.ports.api_keys import ApiKeyRepository, NewKey, StoredKey
from domain.api_keys import ApiKey, KeyId, Scope, grant
from domain.limits import DEFAULT_LIMITS, Limits

LATER = datetime(2100, 1, 1, tzinfo=UTC)
BOUND = grant([Scope.RECOGNIZE, Scope.ENROL], ["a", "b"])


@pytest.fixture(params=["memory", "postgres"])
def keys(request: pytest.FixtureRequest) -> ApiKeyRepository:
    if request.param == "memory":
        return InMemoryApiKeys()
    return PostgresApiKeys(request.getfixturevalue("engine"))


def new(digit: int, *, expires_at: datetime | None = None) -> NewKey:
    return NewKey(f"key {digit}", BOUND, bytes([digit]) * 32, expires_at)


async def created(keys: ApiKeyRepository, digit: int, *, expires_at: datetime | None = None) -> ApiKey:
    key = await keys.create(new(digit, expires_at=expires_at))
    assert key is not None
    return key


async def test_a_key_is_found_as_it_was_created(keys: ApiKeyRepository) -> None:
    assert not await keys.any()
    key = await created(keys, 1, expires_at=LATER)
    assert (key.name, key.grant, key.expires_at, key.revoked_at) == ("key 1", BOUND, LATER, None)
    assert abs(key.created_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert await keys.any()
    assert await keys.find(b"\1" * 32) == await keys.get(key.id) == key
    assert await keys.find(b"\2" * 32) is None
    assert await keys.get(KeyId(key.id + 1)) is None


async def test_ids_rise(keys: ApiKeyRepository) -> None:
    found = [await created(keys, digit) for digit in range(3)]
    assert list(await keys.list()) == found
    assert found[0].id < found[1].id < found[2].id


async def test_revoked_for_good(keys: ApiKeyRepository) -> None:
    key = await created(keys, 1)
    revoked = await keys.revoke(key.id)
    assert revoked is not None
    assert revoked.revoked_at is not None
    assert await keys.revoke(key.id) == await keys.find(b"\1" * 32) == revoked
    assert await keys.any()
    assert await keys.revoke(KeyId(key.id + 1)) is None


async def test_expiry_only_comes_nearer(keys: ApiKeyRepository) -> None:
    key = await created(keys, 1)
    for at, expected in (
        (LATER, LATER),
        (LATER + timedelta(1), LATER),
        (LATER - timedelta(1), LATER - timedelta(1)),
    ):
        changed = await keys.expire(key.id, at)
        assert changed is not None
        assert changed.expires_at == expected
    assert await keys.expire(KeyId(key.id + 1), LATER) is None


async def test_limits(keys: ApiKeyRepository) -> None:
    assert (await created(keys, 1)).limits == DEFAULT_LIMITS
    key = await keys.create(NewKey("limited", BOUND, b"2" * 32, limits=Limits(600, 0)))
    assert key is not None
    assert key.limits == Limits(600, 0)
    changed = await keys.limit(key.id, Limits(None, 4))
    assert changed == replace(key, limits=Limits(None, 4)) == await keys.find(b"2" * 32)
    assert await keys.limit(KeyId(key.id + 1), Limits()) is None


async def test_the_last_use_to_the_minute(keys: ApiKeyRepository) -> None:
    key = await created(keys, 1)
    await keys.used(key.id, datetime(2030, 1, 1, 12, 30, 59, 5, tzinfo=UTC))
    await keys.used(key.id, datetime(2029, 1, 1, tzinfo=UTC))
    found = await keys.get(key.id)
    assert found is not None
    assert found.last_used_at == datetime(2030, 1, 1, 12, 30, tzinfo=UTC)


async def test_of_many_first_keys_there_is_one(keys: ApiKeyRepository) -> None:
    found = await asyncio.gather(*(keys.create(new(digit), only_first=True) for digit in range(8)))
    assert len([key for key in found if key is not None]) == len(await keys.list()) == 1
    assert await keys.create(new(100), only_first=True) is None


async def test_all_that_is_stored_in_pages(keys: ApiKeyRepository) -> None:
    found = [
        StoredKey(await created(keys, digit, expires_at=LATER), bytes([digit]) * 32) for digit in range(3)
    ]
    assert list(await keys.stored(2)) == found[:2]
    assert list(await keys.stored(2, found[1].key.id)) == found[2:]
    assert list(await keys.stored(2, found[2].key.id)) == []


async def test_keys_are_restored_where_there_is_none(keys: ApiKeyRepository) -> None:
    first = ApiKey(KeyId(10**9), "first", grant([Scope.ADMIN]), LATER, LATER, LATER, LATER, Limits(0, 7))
    restored = [
        StoredKey(first, b"1" * 32),
        StoredKey(ApiKey(KeyId(10**9 + 7), "x", BOUND, LATER), b"2" * 32),
    ]
    assert await keys.restore([])
    assert await keys.restore(restored)
    assert list(await keys.stored(10)) == restored
    assert await keys.find(b"1" * 32) == first
    assert not await keys.restore([StoredKey(first, b"3" * 32)])
    assert list(await keys.stored(10)) == restored
    assert (await created(keys, 5)).id == 10**9 + 8
