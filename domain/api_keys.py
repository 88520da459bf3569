"""API keys: who may do what, and in which collections.

A secret is 256 random bits in base 62 behind a prefix, with a CRC-32 at the end: scanners of source code recognise it
without false alarms, and a mistyped one is refused without a look at the database. Only its SHA-256 is stored, which
is enough for a secret of that entropy: there is nothing to guess (NIST SP 800-63B, 5.1.1).
"""

import hashlib
import secrets
import string
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from domain.errors import AccessDenied, CollectionNotFound, InvalidInput
from domain.limits import DEFAULT_LIMITS, Limits

KeyId = NewType("KeyId", int)
"""An API key's id: 1 to MAX_ID. It is no secret."""

SECRET_PREFIX = "face_"  # noqa: S105 - the same in every secret
MAX_KEY_NAME = 100
MAX_KEY_COLLECTIONS = 100

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_BYTES = 32
_RANDOM_DIGITS = 43
"""62^43 > 2^256."""
_CHECKSUM_DIGITS = 6
"""62^6 > 2^32."""


class Scope(StrEnum):
    """What a key allows."""

    DETECT = "detect"
    """Photos are analysed; nothing is stored or searched."""
    RECOGNIZE = "recognize"
    """Faces are compared with those enrolled."""
    ENROL = "enrol"
    """Faces are registered."""
    MANAGE = "manage"
    """People, faces and collections are listed, changed and deleted."""
    ADMIN = "admin"
    """Everything, the keys included."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Permissions of a key."""

    scopes: frozenset[Scope]
    collections: frozenset[str] | None = None
    """The only collections that the key can see; None for all."""

    def __post_init__(self) -> None:
        """Hold the invariant.

        Raises:
            InvalidInput: no scope, no or too many collections, or an administrator's key for some collections.
        """
        if not self.scopes:
            raise InvalidInput("A key needs at least one scope.")
        if self.collections is not None and not 1 <= len(self.collections) <= MAX_KEY_COLLECTIONS:
            raise InvalidInput(f"A key is bound to 1 to {MAX_KEY_COLLECTIONS} collections, or to none.")
        if Scope.ADMIN in self.scopes and self.collections is not None:
            raise InvalidInput("A key with the scope admin can't be bound to collections.")

    def allows(self, scope: Scope) -> bool:
        """Whether the scope is granted."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def sees(self, collection: str) -> bool:
        """Whether the collection is visible."""
        return self.collections is None or collection in self.collections

    def require(self, scope: Scope) -> None:
        """Check that the scope is granted.

        Raises:
            AccessDenied: it isn't.
        """
        if not self.allows(scope):
            raise AccessDenied(f"The API key does not have the scope {scope}.")

    def require_collection(self, collection: str) -> None:
        """Check that the collection is visible; another one might as well not exist.

        Raises:
            CollectionNotFound: it isn't visible.
        """
        if not self.sees(collection):
            raise CollectionNotFound

    def require_all_collections(self) -> None:
        """Check that the key isn't bound to collections.

        Raises:
            AccessDenied: it is.
        """
        if self.collections is not None:
            raise AccessDenied("The API key is bound to collections.")


FULL_ACCESS = Grant(frozenset({Scope.ADMIN}))


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    id: KeyId
    name: str
    """The operator's description of who has it."""
    grant: Grant
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    """To the minute."""
    limits: Limits = DEFAULT_LIMITS

    def valid(self, now: datetime) -> bool:
        """Whether requests are accepted with it."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def new_secret() -> str:
    """A new key's secret, `face_` and 49 letters and digits."""
    number = int.from_bytes(secrets.token_bytes(_RANDOM_BYTES))
    body = SECRET_PREFIX + _base62(number, _RANDOM_DIGITS)
    return body + _checksum(body)


def well_formed(secret: str) -> bool:
    """Whether a text can be a key's secret."""
    body, checksum = secret[:-_CHECKSUM_DIGITS], secret[-_CHECKSUM_DIGITS:]
    return (
        len(secret) == len(SECRET_PREFIX) + _RANDOM_DIGITS + _CHECKSUM_DIGITS
        and secret.isascii()
        and secret.startswith(SECRET_PREFIX)
        and checksum == _checksum(body)
    )


def secret_digest(secret: str) -> bytes:
    """SHA-256 of a secret, 32 bytes: what is stored of it."""
    return hashlib.sha256(secret.encode()).digest()


def key_name(text: str) -> str:
    """Check a key's name, and return it without surrounding space.

    Raises:
        InvalidInput: it is empty, longer than 100 characters, or has control characters.
    """
    name = text[: 2 * MAX_KEY_NAME].strip()
    if not name or len(name) > MAX_KEY_NAME or len(text) > 2 * MAX_KEY_NAME or not name.isprintable():
        raise InvalidInput(f"A key's name has 1 to {MAX_KEY_NAME} printable characters.")
    return name


def grant(scopes: Iterable[Scope], collections: Iterable[str] | None = None) -> Grant:
    """Permissions from lists; see Grant for the errors."""
    return Grant(frozenset(scopes), None if collections is None else frozenset(collections))


def _base62(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, len(_ALPHABET))
        text = _ALPHABET[digit] + text
    return text


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM_DIGITS)
