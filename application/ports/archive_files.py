"""The file that an instance is moved in: written and read in pages, so that no more than a page is in memory.

Both ports are synchronous: call them in a worker. Each method raises ArchiveError when the file can't be
written or read, or isn't what it should be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from application.ports.archive import ArchivedFace, ArchiveIds, FaceToRestore, PersonToRestore
from domain.people import Profile


@dataclass(frozen=True, slots=True)
class Page:
    """Part of an archive."""

    file: str
    """Its name in the archive."""
    entries: int


@dataclass(frozen=True, slots=True)
class Section:
    """One collection in an archive."""

    collection: str
    people: tuple[Page, ...]
    faces: tuple[Page, ...]
    """Of people who are in `people`."""


class ArchiveWriter(Protocol):
    """A new archive: section by section, people before faces."""

    def section(self, collection: str) -> None:
        """Begin a collection."""
        ...

    def people(self, people: Sequence[Profile]) -> None:
        """A page of people of the collection."""
        ...

    def faces(self, faces: Sequence[ArchivedFace]) -> None:
        """A page of faces of the collection."""
        ...

    def finish(self) -> None:
        """Complete the file, durably. Until then there is none of its name, or the one that was there before."""
        ...


class ArchiveReader(Protocol):
    """An archive that is there. Pages may be read in any order, in several threads at once."""

    @property
    def sections(self) -> Sequence[Section]:
        """What is in it."""
        ...

    @property
    def dimensions(self) -> dict[str, int]:
        """The length of the embeddings, by recognition model."""
        ...

    @property
    def ids(self) -> ArchiveIds | None:
        """Its ids; None if they are no integers."""
        ...

    def check(self, page: Page) -> None:
        """Read a page through, and return if it is as it was written."""
        ...

    def people(self, page: Page) -> list[PersonToRestore]:
        """The people of a page of people."""
        ...

    def faces(self, page: Page) -> list[FaceToRestore]:
        """The faces of a page of faces."""
        ...
