"""The use case: export all that is stored about enrolled people to an archive."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.bulk.concurrency import prefetched_pages
from application.ports.archive import Archive, ArchivedFace
from application.ports.archive_files import ArchiveWriter
from application.ports.people import ProfileFilter, ProfileRepository
from application.ports.workers import WorkerPool
from domain.people import Collection, Profile

PAGE = 1000
"""Entries of a page; without crops, a thousand faces are a megabyte or two."""
PAGE_WITH_CROPS = 250
LAST = np.iinfo(np.int64).max
"""Greater than any id."""


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

    The service may be running: people who are enrolled during the export may or may not be in it, but no face is
    without its person.
    """

    profiles: ProfileRepository
    archive: Archive
    workers: WorkerPool

    async def execute(
        self, collections: Sequence[Collection], writer: ArchiveWriter, *, crops: bool
    ) -> AsyncIterator[Exported]:
        """Yield the progress after each page; the file is complete when this ends.

        Raises:
            ArchiveError: the file cannot be written.
            Unavailable.
        """
        people = faces = crop_count = 0
        for number, collection in enumerate(collections, 1):
            await self.workers.run(writer.section, collection.name)
            ids = list[NDArray[np.int64]]()
            async for profiles in self._people(collection.name):
                ids.append(np.array([person.id for person in profiles], np.int64))
                await self.workers.run(writer.people, profiles)
                people += len(profiles)
                yield Exported(number, people, faces, crop_count)
            known = np.concatenate([*ids, [LAST]])
            async for page in self._faces(collection.name, crops=crops):
                written = _of_people(page, known)
                await self.workers.run(writer.faces, written)
                faces += len(written)
                crop_count += sum(face.crop is not None for face in written)
                yield Exported(number, people, faces, crop_count)
        await self.workers.run(writer.finish)
        yield Exported(len(collections), people, faces, crop_count)

    def _people(self, collection: str) -> AsyncIterator[Sequence[Profile]]:
        where = ProfileFilter(collection)
        return prefetched_pages(lambda after: self.profiles.list(where, PAGE, after), lambda last: last.id)

    def _faces(self, collection: str, *, crops: bool) -> AsyncIterator[Sequence[ArchivedFace]]:
        limit = PAGE_WITH_CROPS if crops else PAGE
        return prefetched_pages(
            lambda after: self.archive.faces(collection, limit, after, crops=crops),
            lambda last: last.face.id,
        )


def _of_people(faces: Sequence[ArchivedFace], people: NDArray[np.int64]) -> list[ArchivedFace]:
    """The faces whose person's id is in `people`, which is sorted and ends with LAST."""
    owners = np.array([face.face.profile_id for face in faces], np.int64)
    found = people[np.searchsorted(people, owners)] == owners
    return [face for face, known in zip(faces, found, strict=True) if known]
