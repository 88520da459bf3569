"""API keys as the API shows them."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.api_keys import IssuedKey
from domain.api_keys import MAX_KEY_COLLECTIONS, MAX_KEY_NAME, ApiKey, Scope
from domain.limits import MAX_CONCURRENT_PHOTOS, MAX_REQUESTS_PER_MINUTE, Limits
from entrypoints.http.envelope import Success
from entrypoints.http.views.numbers import Id

_DEFAULT = "0: unlimited; the operator's default if absent"
RequestsPerMinute = Annotated[
    int, Meta(ge=0, le=MAX_REQUESTS_PER_MINUTE, description=f"Requests in any 60 seconds. {_DEFAULT}")
]
ConcurrentPhotos = Annotated[
    int, Meta(ge=0, le=MAX_CONCURRENT_PHOTOS, description=f"Photos in work at once. {_DEFAULT}")
]


class NewKeyBody(msgspec.Struct, forbid_unknown_fields=True):
    """A key to create."""

    name: Annotated[str, Meta(min_length=1, max_length=MAX_KEY_NAME, description="Who has it")]
    scopes: Annotated[list[Scope], Meta(min_length=1)]
    collections: (
        Annotated[
            list[str],
            Meta(min_length=1, max_length=MAX_KEY_COLLECTIONS, description="The only ones that it sees"),
        ]
        | UnsetType
    ) = UNSET
    expires_at: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET
    requests_per_minute: RequestsPerMinute | UnsetType = UNSET
    concurrent_photos: ConcurrentPhotos | UnsetType = UNSET


class KeyChange(msgspec.Struct, forbid_unknown_fields=True):
    """Limits to replace; null is the operator's default."""

    requests_per_minute: RequestsPerMinute | UnsetType | None = UNSET
    concurrent_photos: ConcurrentPhotos | UnsetType | None = UNSET

    def of(self, old: Limits) -> Limits:
        """The new limits."""
        return Limits(
            old.requests_per_minute if self.requests_per_minute is UNSET else self.requests_per_minute,
            old.concurrent_photos if self.concurrent_photos is UNSET else self.concurrent_photos,
        )


class KeyView(msgspec.Struct):
    """A key without its secret."""

    id: Id
    name: str
    scopes: list[Scope]
    created_at: datetime
    collections: list[str] | UnsetType = UNSET
    expires_at: datetime | UnsetType = UNSET
    revoked_at: datetime | UnsetType = UNSET
    last_used_at: datetime | UnsetType = UNSET
    requests_per_minute: int | UnsetType = UNSET
    concurrent_photos: int | UnsetType = UNSET

    @classmethod
    def of(cls, key: ApiKey) -> "KeyView":
        return cls(
            key.id,
            key.name,
            sorted(key.grant.scopes),
            key.created_at,
            UNSET if key.grant.collections is None else sorted(key.grant.collections),
            key.expires_at or UNSET,
            key.revoked_at or UNSET,
            key.last_used_at or UNSET,
            _given(key.limits.requests_per_minute),
            _given(key.limits.concurrent_photos),
        )


def _given(limit: int | None) -> int | UnsetType:
    return UNSET if limit is None else limit


class IssuedKeyView(msgspec.Struct):
    """A new key, and its secret for this one time."""

    key: KeyView
    secret: str

    @classmethod
    def of(cls, issued: IssuedKey) -> "IssuedKeyView":
        return cls(KeyView.of(issued.key), issued.secret)


class KeysAnswer(Success, kw_only=True):
    """All keys."""

    data: list[KeyView]


class KeyAnswer(Success, kw_only=True):
    """One key."""

    data: KeyView


class IssuedKeyAnswer(Success, kw_only=True):
    """A new key."""

    data: IssuedKeyView
