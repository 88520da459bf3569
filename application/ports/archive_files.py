"""Archive files: written and read in pages, so that only one page at a time is in memory.

Both ports are synchronous: call them in a worker. Every method raises ArchiveError when the file can't be
written or read, or is not a valid archive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from application.ports.archive import ArchivedFace, ArchiveIds, FaceToRestore, PersonToRestore
from domain.people import Profile


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """A page of people or faces in an archive."""

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
        ...

    def people(self, people: Sequence[Profile]) -> None:
        """Add a page of people to the section."""
        ...

    def faces(self, faces: Sequence[ArchivedFace]) -> None:
        """Add a page of faces to the section."""
        ...

    def finish(self) -> None:
        """Complete the file and flush it to disk; only now does it replace a file of the same name."""
        ...


class ArchiveReader(Protocol):
    """Reads an archive; pages may be read in any order and from several threads at once."""

    sections: Sequence[Section]
    """The archive's collections."""
    dimensions: dict[str, int]
    """The length of embeddings by recognition model."""
    ids: ArchiveIds | None
    """The range of its ids; None if they are UUIDs (format 1)."""

    def check(self, page: ArchivePage) -> None:
        """Compare a page with its checksum."""
        ...

    def people(self, page: ArchivePage) -> list[PersonToRestore]:
        """The people of a page of people."""
        ...

    def faces(self, page: ArchivePage) -> list[FaceToRestore]:
        """The faces of a page of faces."""
        ...
