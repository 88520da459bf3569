"""Archive files: written and read in pages, so that only one page at a time is in memory.

Both ports are synchronous: call them in a worker. Every method raises ArchiveError when the file can't be
written or read, or is not a valid archive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from application.ports.api_keys import StoredKey
from application.ports.archive import (
    ArchivedFace,
    ArchivedPerson,
    ArchiveIds,
    FaceToRestore,
    PersonToRestore,
)
from application.ports.operator_files import OperatorFile
from domain.retention import Retention


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """A page of people, faces or keys in an archive, or a file of the operator."""

    file: str
    """The name of its file inside the archive."""
    entries: int


@dataclass(frozen=True, slots=True)
class Section:
    """One collection in an archive."""

    collection: str
    people: tuple[ArchivePage, ...]
    faces: tuple[ArchivePage, ...]
    """Faces of the section's people."""


class ArchiveWriter(Protocol):
    """Writes an archive, one section after another, the people of each before their faces."""

    def section(self, collection: str) -> None:
        """Begin a collection."""

    def people(self, people: Sequence[ArchivedPerson]) -> None:
        """Add a page of people to the section."""

    def faces(self, faces: Sequence[ArchivedFace]) -> None:
        """Add a page of faces to the section."""

    def backup(self, greatest_profile_id: int, greatest_face_id: int) -> None:
        """Make the archive a backup, which may have keys and files, of an instance that has given ids up to these."""

    def keys(self, keys: Sequence[StoredKey]) -> None:
        """Add a page of API keys to the backup."""

    def file(self, file: OperatorFile) -> None:
        """Add a file of the operator to the backup."""

    def retention(self, collection: str, retention: Retention) -> None:
        """Add a collection's rule to the backup."""

    def finish(self) -> None:
        """Complete the file and flush it to disk; only now does it replace a file of the same name."""


class ArchiveReader(Protocol):
    """Reads an archive; pages may be read in any order and from several threads at once."""

    sections: Sequence[Section]
    """The archive's collections."""
    dimensions: dict[str, int]
    """The length of embeddings by recognition model."""
    ids: ArchiveIds | None
    """The range of its ids; None if they are UUIDs (format 1)."""
    key_pages: Sequence[ArchivePage] | None
    """Pages of API keys; None if the archive isn't a backup."""
    files: Sequence[ArchivePage]
    """The operator's files, one page each."""
    retention: Mapping[str, Retention]
    """The rules of collections that have one."""

    def check(self, page: ArchivePage) -> None:
        """Compare a page with its checksum."""

    def people(self, page: ArchivePage) -> list[PersonToRestore]:
        """The people of a page of people."""

    def faces(self, page: ArchivePage) -> list[FaceToRestore]:
        """The faces of a page of faces."""

    def keys(self, page: ArchivePage) -> list[StoredKey]:
        """The API keys of a page of keys."""

    def file(self, page: ArchivePage) -> OperatorFile:
        """One of the operator's files."""
