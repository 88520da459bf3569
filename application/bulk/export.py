"""The use case: export all that is stored about enrolled people to an archive."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

from application.bulk.concurrency import prefetched_pages
from application.ports.archive import Archive, ArchivedFace, ArchivedPerson, StoredPeople
from application.ports.archive_files import ArchiveWriter
from application.ports.workers import WorkerPool

PAGE = 1000
"""Entries of a page; without crops, a thousand faces are a megabyte or two."""
PAGE_WITH_CROPS = 250


@dataclass(frozen=True, slots=True)
class Exported:
    """Numbers of what has been written so far."""

    collections: int = 0
    people: int = 0
    faces: int = 0
    crops: int = 0


@dataclass(frozen=True, slots=True)
class ExportPeople:
    """Writes collections, their people, and the people's faces with embeddings and, on request, crops.

    The service may be running: what is written is what was stored at one moment.
    """

    archive: Archive
    workers: WorkerPool

    async def execute(
        self, collections: Sequence[str], writer: ArchiveWriter, *, crops: bool
    ) -> AsyncIterator[Exported]:
        """Yield the progress after each page; the file is complete when this ends.

        Raises:
            ArchiveError: the file cannot be written.
            Unavailable.
        """
        done = Exported()
        async with self.archive.snapshot() as stored:
            async for done in self.sections(stored, collections, writer, crops=crops):
                yield done
        await self.workers.run(writer.finish)
        yield done

    async def sections(
        self, stored: StoredPeople, collections: Sequence[str], writer: ArchiveWriter, *, crops: bool
    ) -> AsyncIterator[Exported]:
        """Write the sections of an archive; yield the progress after each page.

        Raises:
            ArchiveError: the file cannot be written.
            Unavailable.
        """
        done = Exported()
        for collection in collections:
            await self.workers.run(writer.section, collection)
            done = replace(done, collections=done.collections + 1)
            async for people in _people(stored, collection):
                await self.workers.run(writer.people, people)
                done = replace(done, people=done.people + len(people))
                yield done
            async for faces in _faces(stored, collection, crops=crops):
                await self.workers.run(writer.faces, faces)
                found = sum(face.crop is not None for face in faces)
                done = replace(done, faces=done.faces + len(faces), crops=done.crops + found)
                yield done
        yield done


def _people(stored: StoredPeople, collection: str) -> AsyncIterator[Sequence[ArchivedPerson]]:
    return prefetched_pages(lambda after: stored.people(collection, PAGE, after), lambda last: last.id)


def _faces(stored: StoredPeople, collection: str, *, crops: bool) -> AsyncIterator[Sequence[ArchivedFace]]:
    limit = PAGE_WITH_CROPS if crops else PAGE
    return prefetched_pages(
        lambda after: stored.faces(collection, limit, after, crops=crops), lambda last: last.face.id
    )
