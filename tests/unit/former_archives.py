"""Archives of format 1, as the versions before integer ids have written them (docs/archive.md)."""

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from domain.faces import Embedding

PAGE = 2
"""Entries; so few that there are several pages."""


@dataclass(frozen=True, slots=True)
class FormerFace:
    """A face as it was archived."""

    id: UUID
    profile_id: UUID
    embedding: Embedding
    detection_model: str = "detector"
    digest: bytes | None = None
    crop: bytes | None = None

    @property
    def entry(self) -> dict[str, object]:
        """What a page has of it; what is absent isn't in it."""
        told = {
            "id": str(self.id),
            "profile_id": str(self.profile_id),
            "recognition_model": self.embedding.model,
            "detection_model": self.detection_model,
            "embedding": self.embedding.vector.astype("<f4").tobytes(),
            "digest": self.digest,
            "crop": self.crop,
        }
        return {key: value for key, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True)
class FormerCollection:
    """A collection as it was archived."""

    name: str
    people: Mapping[UUID, str]
    """Names by id."""
    faces: Sequence[FormerFace]


def write_former_archive(path: Path, *collections: FormerCollection) -> None:
    """An archive of these collections; people have the metadata `{"was": name}`."""
    models = {face.embedding.model: len(face.embedding.vector) for each in collections for face in each.faces}
    with zipfile.ZipFile(path, "w") as archive:
        told = []
        for each in collections:
            people = [
                {"id": str(key), "name": name, "metadata": {"was": name}} for key, name in each.people.items()
            ]
            faces = [face.entry for face in each.faces]
            told.append(
                {
                    "name": each.name,
                    "people": _written(archive, f"{each.name}/people", people),
                    "faces": _written(archive, f"{each.name}/faces", faces),
                }
            )
        manifest = {
            "format": "face-api archive",
            "version": 1,
            "written_by": "face-api 0.1.0",
            "written_at": "2026-11-28T00:00:00+00:00",
            "models": models,
            "collections": told,
        }
        archive.writestr("manifest.json", json.dumps(manifest))


def _written(archive: zipfile.ZipFile, prefix: str, entries: Sequence[dict[str, Any]]) -> list[object]:
    pages: list[object] = []
    for start in range(0, len(entries), PAGE):
        part = entries[start : start + PAGE]
        name, data = f"{prefix}-{len(pages) + 1:06}.msgpack", msgspec.msgpack.encode(part)
        archive.writestr(name, data)
        checksum = hashlib.sha256(data).hexdigest()
        pages.append({"file": name, "entries": len(part), "bytes": len(data), "sha256": checksum})
    return pages
