"""The content of an archive: a JSON manifest and pages in MessagePack (docs/archive.md)."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from domain.people import MAX_ID
from domain.retention import RetentionFrom

FORMAT, VERSION = "face-api archive", 3
SEALED = 4
"""The version of archives whose embeddings and crops are encrypted, which are like VERSION otherwise."""
WITH_UUIDS = 1
"""The first version, whose ids are UUIDs."""
KIND_OF_EMBEDDINGS = {WITH_UUIDS: 1, 2: 2, VERSION: 3, SEALED: 3}
"""By version: the kind of embeddings of recognisers that have changed theirs (domain.models.EMBEDDINGS)."""
MANIFEST = "manifest.json"
FILES = "files/"
"""The folder of the operator's files in a backup."""

GREATEST_NORM = 3.4e38
"""That of a float32."""

Id_co = TypeVar("Id_co", covariant=True)
IntegerId = Annotated[int, msgspec.Meta(ge=1, le=MAX_ID)]


class PageEntry(msgspec.Struct, frozen=True):
    """A page in the manifest."""

    file: str
    entries: int
    bytes: int
    sha256: str


class CollectionEntry(msgspec.Struct, frozen=True):
    """A collection in the manifest."""

    name: str
    people: list[PageEntry]
    faces: list[PageEntry]


class RetentionEntry(msgspec.Struct, frozen=True):
    """A collection's rule in the manifest."""

    days: int
    since: RetentionFrom


class GreatestIds(msgspec.Struct, frozen=True):
    """The greatest ids of people and faces in an archive; 0 without any."""

    profile: Annotated[int, msgspec.Meta(ge=0, le=MAX_ID)]
    face: Annotated[int, msgspec.Meta(ge=0, le=MAX_ID)]


class Header(msgspec.Struct, frozen=True):
    """What the manifests of all versions have in common."""

    format: str
    version: int


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The archive's table of contents; written last."""

    format: str
    version: int
    written_by: str
    written_at: str
    models: dict[str, int]
    collections: list[CollectionEntry]
    greatest_ids: GreatestIds | None = None
    keys: list[PageEntry] | None = None
    """Pages of API keys; only a backup has any."""
    files: list[PageEntry] = []
    """The operator's files, one entry each; only a backup has any."""
    retention: dict[str, RetentionEntry] = {}
    """The rules of collections that have one; only a backup has any."""
    sealed_with: str = ""
    """The id of the key that encrypts embeddings and crops, in hexadecimal; only version SEALED has one."""


class KeyEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """An API key in a page."""

    id: IntegerId
    name: str
    digest: bytes
    scopes: list[str]
    created_at: datetime
    collections: list[str] | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    """None in version WITH_UUIDS."""
    requests_per_minute: int | None = None
    concurrent_photos: int | None = None


class PersonEntry(msgspec.Struct, Generic[Id_co], frozen=True, omit_defaults=True):
    """A person in a page."""

    id: Id_co
    name: str
    metadata: dict[str, Any]
    created_at: datetime | None = None


class FaceEntry(msgspec.Struct, Generic[Id_co], frozen=True, omit_defaults=True):
    """A face in a page."""

    id: Id_co
    profile_id: Id_co
    recognition_model: str
    detection_model: str
    embedding: bytes
    """Little-endian float32; in version SEALED, as crops, encrypted."""
    digest: bytes | None = None
    crop: bytes | None = None
    norm: Annotated[float, msgspec.Meta(gt=0, le=GREATEST_NORM)] | None = None
    """See Embedding.norm."""
    created_at: datetime | None = None
