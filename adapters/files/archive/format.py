"""What is in an archive of people and faces, a zip file with pages in MessagePack: docs/archive.md."""

from typing import Any
from uuid import UUID

import msgspec

FORMAT, VERSION = "face-api archive", 1
MANIFEST = "manifest.json"


class PageEntry(msgspec.Struct, frozen=True):
    """A page, as the manifest tells of it."""

    file: str
    entries: int
    bytes: int
    sha256: str


class CollectionEntry(msgspec.Struct, frozen=True):
    """A collection, as the manifest tells of it."""

    name: str
    people: list[PageEntry]
    faces: list[PageEntry]


class Header(msgspec.Struct, frozen=True):
    """What every version's manifest begins with."""

    format: str
    version: int


class Manifest(msgspec.Struct, frozen=True):
    """What is in an archive; the last file that is written to it."""

    format: str
    version: int
    written_by: str
    written_at: str
    models: dict[str, int]
    collections: list[CollectionEntry]


class PersonEntry(msgspec.Struct, frozen=True):
    """A person."""

    id: UUID
    name: str
    metadata: dict[str, Any]


class FaceEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A face."""

    id: UUID
    profile_id: UUID
    recognition_model: str
    detection_model: str
    embedding: bytes
    """Little-endian float32."""
    digest: bytes | None = None
    crop: bytes | None = None
