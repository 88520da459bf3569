"""API keys: secrets, permissions, and the check of a request's key."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.api_keys import InMemoryApiKeys
from application.api_keys import CACHED_S, Authenticate, ManageKeys
from domain.api_keys import Grant, KeyId, Scope, grant, key_name, new_secret, secret_digest, well_formed
from domain.errors import AccessDenied, ApiKeyNotFound, CollectionNotFound, InvalidInput, Unauthenticated

RECOGNIZE = grant([Scope.RECOGNIZE])
SCOPES = st.frozensets(st.sampled_from(Scope), min_size=1)
STRANGE_SECRET = "face_CavJQG19AIrbtT6N25j5ySrC6dQjwnlN8zcQbgHrjtG3UyYkA"
"""Well-formed, and of no key."""
NAMES = st.sampled_from(["a", "b", "c"])


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class TestSecrets:
    def test_it_is_well_formed_and_never_the_same(self) -> None:
        secrets = [new_secret() for _ in range(100)]
        assert len(set(secrets)) == 100
        assert all(well_formed(secret) and secret.startswith("face_") for secret in secrets)
        assert {len(secret) for secret in secrets} == {54}

    @given(st.integers(0, 53), st.characters())
    def test_one_wrong_character_is_noticed(self, place: int, character: str) -> None:
        secret = new_secret()
        wrong = secret[:place] + character + secret[place + 1 :]
        assert well_formed(wrong) == (wrong == secret)

    @pytest.mark.parametrize(
        "text", ["", "face_", "x" * 54, "face_" + "ä" * 49, STRANGE_SECRET + "0", "\0" * 10**6]
    )
    def test_other_texts_are_not(self, text: str) -> None:
        assert not well_formed(text)

    def test_the_digest(self) -> None:
        assert len(secret_digest(new_secret())) == 32


class TestGrants:
    @given(SCOPES, st.sampled_from(Scope))
    def test_scopes(self, scopes: frozenset[Scope], wanted: Scope) -> None:
        permissions = Grant(scopes)
        assert permissions.allows(wanted) == (wanted in scopes or Scope.ADMIN in scopes)
        if not permissions.allows(wanted):
            with pytest.raises(AccessDenied, match=wanted):
                permissions.require(wanted)

    @given(st.frozensets(NAMES, min_size=1), NAMES)
    def test_collections(self, collections: frozenset[str], wanted: str) -> None:
        permissions = Grant(frozenset({Scope.MANAGE}), collections)
        if wanted in collections:
            permissions.require_collection(wanted)
        else:
            with pytest.raises(CollectionNotFound):
                permissions.require_collection(wanted)
        with pytest.raises(AccessDenied):
            permissions.require_all_collections()

    @pytest.mark.parametrize(
        ("scopes", "collections"),
        [([], None), ([Scope.MANAGE], []), ([Scope.ADMIN], ["a"]), ([Scope.MANAGE], map(str, range(101)))],
    )
    def test_senseless_ones(self, scopes: list[Scope], collections: list[str] | None) -> None:
        with pytest.raises(InvalidInput):
            grant(scopes, collections)

    @pytest.mark.parametrize("text", ["", "  ", "a\nb", "x" * 101, " " * 10**6])
    def test_names(self, text: str) -> None:
        with pytest.raises(InvalidInput):
            key_name(text)
        assert key_name(" door 1 ") == "door 1"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys() -> InMemoryApiKeys:
    return InMemoryApiKeys()


@pytest.fixture
def manage(keys: InMemoryApiKeys) -> ManageKeys:
    return ManageKeys(keys)


def authenticate(
    keys: InMemoryApiKeys, clock: Clock, *, anonymous: bool = False, local: bool = True
) -> Authenticate:
    return Authenticate(keys, anonymous=anonymous, local=local, clock=clock)


class TestAuthentication:
    async def test_a_key(self, keys: InMemoryApiKeys, manage: ManageKeys, clock: Clock) -> None:
        issued = await manage.create("door", RECOGNIZE)
        caller = await authenticate(keys, clock).execute(issued.secret)
        assert (caller.key_id, caller.grant) == (issued.key.id, RECOGNIZE)

    @pytest.mark.parametrize("secret", ["", "secret", STRANGE_SECRET])
    async def test_other_secrets(
        self, keys: InMemoryApiKeys, manage: ManageKeys, clock: Clock, secret: str
    ) -> None:
        await manage.create("door", RECOGNIZE)
        with pytest.raises(Unauthenticated):
            await authenticate(keys, clock, anonymous=True).execute(secret)

    async def test_without_one(self, keys: InMemoryApiKeys, manage: ManageKeys, clock: Clock) -> None:
        local = authenticate(keys, clock)
        assert (await local.execute(None)).grant.allows(Scope.ADMIN)
        with pytest.raises(Unauthenticated):
            await authenticate(keys, clock, local=False).execute(None)
        issued = await manage.create("door", RECOGNIZE)
        await manage.revoke(issued.key.id)
        clock.now += CACHED_S
        with pytest.raises(Unauthenticated):
            await local.execute(None)
        assert (await authenticate(keys, clock, anonymous=True).execute(None)).key_id is None

    async def test_a_revoked_one(self, keys: InMemoryApiKeys, manage: ManageKeys, clock: Clock) -> None:
        issued = await manage.create("door", RECOGNIZE)
        check = authenticate(keys, clock)
        await check.execute(issued.secret)
        await manage.revoke(issued.key.id)
        clock.now += CACHED_S
        with pytest.raises(Unauthenticated):
            await check.execute(issued.secret)

    async def test_an_expired_one(self, keys: InMemoryApiKeys, manage: ManageKeys, clock: Clock) -> None:
        issued = await manage.create("door", RECOGNIZE, datetime.now(UTC) + timedelta(hours=1))
        check = authenticate(keys, clock)
        await check.execute(issued.secret)
        await keys.expire(issued.key.id, datetime.now(UTC))
        clock.now += CACHED_S
        with pytest.raises(Unauthenticated):
            await check.execute(issued.secret)

    async def test_rotation(self, keys: InMemoryApiKeys, manage: ManageKeys, clock: Clock) -> None:
        old = await manage.create("door", RECOGNIZE)
        both = await manage.rotate(old.key.id, timedelta(hours=1))
        check = authenticate(keys, clock)
        assert (await check.execute(both.secret)).grant == (await check.execute(old.secret)).grant
        new = await manage.rotate(both.key.id)
        clock.now += CACHED_S
        with pytest.raises(Unauthenticated):
            await check.execute(both.secret)
        await check.execute(new.secret)
        with pytest.raises(ApiKeyNotFound):
            await manage.rotate(both.key.id)
        with pytest.raises(InvalidInput):
            await manage.rotate(new.key.id, timedelta(days=91))

    async def test_one_first_key(self, manage: ManageKeys) -> None:
        first = await manage.create_first("first key")
        assert first is not None
        assert first.key.grant.allows(Scope.ADMIN)
        await manage.revoke(first.key.id)
        assert await manage.create_first("first key") is None

    async def test_what_is_not_there(self, manage: ManageKeys) -> None:
        with pytest.raises(ApiKeyNotFound):
            await manage.revoke(KeyId(1))
        with pytest.raises(InvalidInput):
            await manage.create("door", RECOGNIZE, datetime.now(UTC))
