"""The use case: import an archive of people into this instance."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal, TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from application.bulk.collections import ensure_collection
from application.bulk.concurrency import map_ordered
from application.bulk.errors import ArchiveError, BulkError
from application.ports.archive import Archive, ArchiveId, Id, Restored
from application.ports.archive_files import ArchivePage, ArchiveReader, Section
from application.ports.models import ModelLibrary
from application.ports.people import CollectionRepository
from application.ports.workers import WorkerPool
from domain.errors import FaceServiceError, ProfileNotFound, Unavailable
from domain.people import MAX_ID, ProfileId

CONCURRENT_PAGES = 4
"""Pages that are read or written at once; a page of faces is one transaction."""

Kind: TypeAlias = Literal["person", "face"]


@dataclass(frozen=True, slots=True)
class NewId:
    """A person or a face that has another id here than in the archive."""

    collection: str
    kind: Kind
    old: ArchiveId
    new: int


@dataclass(frozen=True, slots=True)
class Imported:
    """Numbers of what has been read so far, and of what was created."""

    people: int = 0
    new_people: int = 0
    faces: int = 0
    new_faces: int = 0
    new_ids: tuple[NewId, ...] = ()
    """Of the last page only."""

    def then(self, page: "Imported") -> "Imported":
        """After another page."""
        return Imported(
            self.people + page.people,
            self.new_people + page.new_people,
            self.faces + page.faces,
            self.new_faces + page.new_faces,
            page.new_ids,
        )


@dataclass(frozen=True, slots=True)
class ImportPeople:
    """Imports collections, people and faces of an archive; what exists here is left unchanged.

    It may be repeated: an interrupted run is continued that way.
    """

    collections: CollectionRepository
    archive: Archive
    models: ModelLibrary
    workers: WorkerPool

    def chosen(self, reader: ArchiveReader, collection: str | None) -> list[Section]:
        """The section of a collection; all of them without a name.

        Raises:
            ArchiveError: the archive has no such collection.
        """
        found = [each for each in reader.sections if collection in {None, each.collection}]
        if not found and collection is not None:
            raise ArchiveError(f"the archive has no collection {collection}")
        return found

    async def check(
        self, reader: ArchiveReader, sections: Sequence[Section], *more: Sequence[ArchivePage]
    ) -> AsyncIterator[int]:
        """Yield the number of entries that were checked, after each page; nothing is changed.

        Raises:
            ArchiveError: the file is damaged, or the length of its embeddings is not that of the models here.
        """
        ours = {model.name: model.dimensions for model in await self.workers.run(self.models.list)}
        for model, dimensions in reader.dimensions.items():
            if ours.get(model) not in {None, dimensions}:
                raise ArchiveError(
                    f"the archive's embeddings of {model} have {dimensions} numbers, and this instance's model"
                    f" of that name makes {ours[model]}"
                )
        pages = [page for section in sections for page in (*section.people, *section.faces)]
        pages += chain.from_iterable(more)
        done = 0

        async def check(page: ArchivePage) -> int:
            await self.workers.run(reader.check, page)
            return page.entries

        async for entries in map_ordered(pages, check, CONCURRENT_PAGES):
            done += entries
            yield done

    async def execute(self, reader: ArchiveReader, sections: Sequence[Section]) -> AsyncIterator[Imported]:
        """Yield the progress after each page; what is reported is durable.

        Raises:
            BulkError: something in the archive doesn't fit what is here. Pages before it are restored.
            Unavailable.
        """
        done = Imported()
        ids = reader.ids
        in_bounds = ids is not None and max(ids.greatest_profile_id, ids.greatest_face_id) <= MAX_ID // 2
        keep_ids = ids is not None and in_bounds and await self.archive.keep_ids(ids)
        for section in sections:
            await ensure_collection(self.collections, section.collection)
            restoration = _Restoration(
                self.archive, self.workers, reader, section.collection, keep_ids=keep_ids
            )
            steps = (section.people, restoration.people), (section.faces, restoration.faces)
            try:
                for pages, restore in steps:
                    async for page in map_ordered(pages, restore, CONCURRENT_PAGES):
                        done = done.then(page)
                        yield done
            except Unavailable:
                raise
            except FaceServiceError as error:
                raise BulkError(f"collection {section.collection}: {error}") from error


class _Owners:
    """Ids of people here, by those in the archive, in 16 bytes a person: a dict of a million takes 150 MB."""

    def __init__(self) -> None:
        self._pages: list[tuple[_Keys, NDArray[np.int64]]] = []

    def add(self, old: Sequence[ArchiveId], new: Sequence[ProfileId]) -> None:
        """People who are restored."""
        if old:
            self._pages.append((_keys(old), np.array(new, dtype=np.int64)))

    def here(self, old: Sequence[ArchiveId]) -> list[ProfileId]:
        """The ids here.

        Raises:
            ProfileNotFound: one of them isn't restored.
        """
        if not old:
            return []
        if not self._pages:
            raise ProfileNotFound
        if len(self._pages) > 1:
            keys, ids = map(np.concatenate, zip(*self._pages, strict=True))
            order = np.argsort(keys, kind="stable")
            self._pages = [(keys[order], ids[order])]
        ((keys, ids),) = self._pages
        wanted = _keys(old)
        places = np.searchsorted(keys, wanted, side="right") - 1
        if (keys[places] != wanted).any():
            raise ProfileNotFound
        found: list[ProfileId] = ids[places].tolist()
        return found


_Keys: TypeAlias = NDArray[np.int64] | NDArray[np.bytes_]


def _keys(ids: Sequence[ArchiveId]) -> _Keys:
    if any(isinstance(each, UUID) for each in ids):
        return np.array([each.bytes for each in ids if isinstance(each, UUID)], dtype="S16")
    return np.array(ids, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Restoration:
    """Restores the pages of one collection."""

    archive: Archive
    workers: WorkerPool
    reader: ArchiveReader
    collection: str
    keep_ids: bool
    owners: _Owners = field(default_factory=_Owners)

    async def people(self, page: ArchivePage) -> Imported:
        """Restore a page of people."""
        found = await self.workers.run(self.reader.people, page)
        restored = await self.archive.restore_people(self.collection, found, keep_ids=self.keep_ids)
        old_ids = [each.id for each in found]
        self.owners.add(old_ids, [each.id for each in restored])
        created, new_ids = self._outcome("person", old_ids, restored)
        return Imported(people=len(restored), new_people=created, new_ids=new_ids)

    async def faces(self, page: ArchivePage) -> Imported:
        """Restore a page of faces, whose people are restored."""
        found = await self.workers.run(self.reader.faces, page)
        owners = self.owners.here([face.profile_id for face in found])
        restored = await self.archive.restore_faces(self.collection, found, owners, keep_ids=self.keep_ids)
        created, new_ids = self._outcome("face", [each.id for each in found], restored)
        return Imported(faces=len(restored), new_faces=created, new_ids=new_ids)

    def _outcome(
        self, kind: Kind, old_ids: Sequence[ArchiveId], restored: Sequence[Restored[Id]]
    ) -> tuple[int, tuple[NewId, ...]]:
        """How many were created, and those that have other ids than in the archive."""
        pairs = zip(old_ids, restored, strict=True)
        new_ids = tuple(NewId(self.collection, kind, old, new.id) for old, new in pairs if old != new.id)
        return sum(each.created for each in restored), new_ids
