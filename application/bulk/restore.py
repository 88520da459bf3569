"""The use case: people from a file into this instance."""

import dataclasses
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from application.bulk.errors import ArchiveError, BulkError
from application.bulk.lanes import each, in_order
from application.ports.archive import Archive, ArchiveId, FaceToRestore, Id, Restored
from application.ports.archive_files import ArchivePage, ArchiveReader, Section
from application.ports.models import ModelLibrary
from application.ports.people import CollectionRepository
from application.ports.workers import WorkerPool
from domain.errors import CollectionExists, FaceServiceError, ProfileNotFound, Unavailable
from domain.people import MAX_ID, FaceId, ProfileId, collection_name

WIDTH = 4
"""Pages that are on their way at once; a page of faces is one transaction."""

Pairs: TypeAlias = list[tuple[ArchiveId, Restored[Id]]]
"""Entries of a page: their ids in the archive, and what they are here."""

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
    """What has been read so far, and how much of it wasn't there."""

    people: int = 0
    new_people: int = 0
    faces: int = 0
    new_faces: int = 0
    new_ids: tuple[NewId, ...] = ()
    """Of the page that was read last."""


@dataclass(frozen=True, slots=True)
class ImportPeople:
    """Puts collections, people and faces of an archive into this instance; what is there stays as it is.

    It may be repeated, and an interrupted run is continued by repeating it.
    """

    collections: CollectionRepository
    archive: Archive
    models: ModelLibrary
    workers: WorkerPool

    def chosen(self, reader: ArchiveReader, collection: str | None) -> list[Section]:
        """The section of a collection; all, without one.

        Raises:
            ArchiveError: there is none.
        """
        found = [each for each in reader.sections if collection in {None, each.collection}]
        if not found and collection is not None:
            raise ArchiveError(f"the archive has no collection {collection}")
        return found

    async def check(self, reader: ArchiveReader, sections: Sequence[Section]) -> AsyncIterator[int]:
        """How many entries were found to be whole, after each page; nothing is changed.

        Raises:
            ArchiveError: the file is damaged, or its embeddings are of other models than those of their names.
        """
        ours = {model.name: model.dimensions for model in await self.workers.run(self.models.list)}
        for model, dimensions in reader.dimensions.items():
            if ours.get(model) not in {None, dimensions}:
                raise ArchiveError(
                    f"the archive's embeddings of {model} have {dimensions} numbers, and this instance's model"
                    f" of that name makes {ours[model]}"
                )
        pages = [page for section in sections for page in (*section.people, *section.faces)]
        done = 0

        async def check(page: ArchivePage) -> int:
            await self.workers.run(reader.check, page)
            return page.entries

        async for entries in in_order(each(pages), check, WIDTH):
            done += entries
            yield done

    async def execute(self, reader: ArchiveReader, sections: Sequence[Section]) -> AsyncIterator[Imported]:
        """How far it is, after each page; what is told of is durable.

        Raises:
            BulkError: something of the archive doesn't fit what is there. Pages before it are restored.
            Unavailable.
        """
        done = Imported()
        ids = reader.ids
        room = ids is not None and max(ids.greatest_profile_id, ids.greatest_face_id) <= MAX_ID // 2
        keep_ids = ids is not None and room and await self.archive.keep_ids(ids)
        for section in sections:
            await self._create(section.collection)
            restoration = _Restoration(
                self.archive, self.workers, reader, section.collection, keep_ids=keep_ids
            )
            try:
                async for people in in_order(each(section.people), restoration.people, WIDTH):
                    done = dataclasses.replace(
                        done,
                        people=done.people + len(people),
                        new_people=done.new_people + _created(people),
                        new_ids=_new_ids(section.collection, "person", people),
                    )
                    yield done
                async for faces in in_order(each(section.faces), restoration.faces, WIDTH):
                    done = dataclasses.replace(
                        done,
                        faces=done.faces + len(faces),
                        new_faces=done.new_faces + _created(faces),
                        new_ids=_new_ids(section.collection, "face", faces),
                    )
                    yield done
            except Unavailable:
                raise
            except FaceServiceError as error:
                raise BulkError(f"collection {section.collection}: {error}") from error

    async def _create(self, collection: str) -> None:
        if await self.collections.get(collection_name(collection)) is None:
            try:
                await self.collections.create(collection)
            except CollectionExists:
                return  # somebody else was as quick


@dataclass(frozen=True, slots=True)
class _Restoration:
    """One collection's."""

    archive: Archive
    workers: WorkerPool
    reader: ArchiveReader
    collection: str
    keep_ids: bool
    owners: dict[ArchiveId, ProfileId] = field(default_factory=dict)
    """Who the archive's people are here."""

    async def people(self, page: ArchivePage) -> Pairs[ProfileId]:
        """Restore a page of people."""
        found = await self.workers.run(self.reader.people, page)
        restored = await self.archive.restore_people(self.collection, found, keep_ids=self.keep_ids)
        pairs = [(old.id, new) for old, new in zip(found, restored, strict=True)]
        self.owners.update((old, new.id) for old, new in pairs)
        return pairs

    async def faces(self, page: ArchivePage) -> Pairs[FaceId]:
        """Restore a page of faces, whose people are restored."""
        found = await self.workers.run(self.reader.faces, page)
        owners = [self._owner(face) for face in found]
        restored = await self.archive.restore_faces(self.collection, found, owners, keep_ids=self.keep_ids)
        return [(old.id, new) for old, new in zip(found, restored, strict=True)]

    def _owner(self, face: FaceToRestore) -> ProfileId:
        try:
            return self.owners[face.profile_id]
        except KeyError:
            raise ProfileNotFound from None


def _created(pairs: Pairs[Id]) -> int:
    return sum(new.created for _, new in pairs)


def _new_ids(collection: str, kind: Kind, pairs: Pairs[Id]) -> tuple[NewId, ...]:
    return tuple(NewId(collection, kind, old, new.id) for old, new in pairs if old != new.id)
