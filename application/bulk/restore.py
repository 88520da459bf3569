"""The use case: people from a file into this instance."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from application.bulk.errors import ArchiveError, BulkError
from application.bulk.lanes import each, in_order
from application.ports.archive import Archive, Restored
from application.ports.archive_files import ArchiveReader, Page, Section
from application.ports.models import ModelLibrary
from application.ports.people import CollectionRepository
from application.ports.workers import WorkerPool
from domain.errors import CollectionExists, FaceServiceError, Unavailable
from domain.people import collection_name

WIDTH = 4
"""Pages that are on their way at once; a page of faces is one transaction."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What has been read so far, and how much of it wasn't there."""

    people: int = 0
    new_people: int = 0
    faces: int = 0
    new_faces: int = 0


@dataclass(frozen=True, slots=True)
class ImportPeople:
    """Puts collections, people and faces back by their ids; what is there stays as it is.

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

        async def check(page: Page) -> int:
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
        people = new_people = faces = new_faces = 0
        for section in sections:
            await self._create(section.collection)

            async def restore_people(page: Page, collection: str = section.collection) -> Restored:
                found = await self.workers.run(reader.people, page)
                return await self.archive.restore(collection, found, [])

            async def restore_faces(page: Page, collection: str = section.collection) -> Restored:
                found = await self.workers.run(reader.faces, page)
                return await self.archive.restore(collection, [], found)

            try:
                async for page, restored in self._restored(section.people, restore_people):
                    people, new_people = people + page.entries, new_people + restored.profiles
                    yield Imported(people, new_people, faces, new_faces)
                async for page, restored in self._restored(section.faces, restore_faces):
                    faces, new_faces = faces + page.entries, new_faces + restored.faces
                    yield Imported(people, new_people, faces, new_faces)
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

    async def _restored(
        self, pages: Sequence[Page], restore: Callable[[Page], Awaitable[Restored]]
    ) -> AsyncIterator[tuple[Page, Restored]]:
        async def one(page: Page) -> tuple[Page, Restored]:
            return page, await restore(page)

        async for done in in_order(each(pages), one, WIDTH):
            yield done
