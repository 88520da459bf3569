"""The use cases: write all that makes an instance to a file, and put it into an empty instance."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from application.bulk.concurrency import prefetched_pages
from application.bulk.errors import ArchiveError, BulkError
from application.bulk.export import Exported, ExportPeople
from application.bulk.restore import Imported, ImportPeople
from application.people import every_collection
from application.ports.api_keys import ApiKeyRepository, StoredKey
from application.ports.archive_files import ArchiveReader, ArchiveWriter
from application.ports.operator_files import OperatorFile, OperatorFiles
from application.ports.people import CollectionRepository

KEYS_PAGE = 1000


@dataclass(frozen=True, slots=True)
class BackedUp:
    """Numbers of what has been written so far."""

    people: Exported
    keys: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class BackUpInstance:
    """Writes collections with their rules, people, faces, crops, API keys and the operator's files.

    The service may be running. People and faces are those of one moment; what else there is is read right afterwards.
    """

    export: ExportPeople
    collections: CollectionRepository
    keys: ApiKeyRepository
    files: OperatorFiles

    async def execute(self, writer: ArchiveWriter) -> AsyncIterator[BackedUp]:
        """Yield the progress after each page; the file is complete when this ends.

        Raises:
            ArchiveError: the file cannot be written.
            BulkError: a file of the operator cannot be read.
            Unavailable.
        """
        workers = self.export.workers
        files = await workers.run(self.files.read)
        done = BackedUp(Exported())
        async with self.export.archive.snapshot() as stored:
            await workers.run(writer.backup, *await stored.greatest_ids())
            names = await stored.collections()
            async for exported in self.export.sections(stored, names, writer, crops=True):
                done = BackedUp(exported)
                yield done
        async for collection in every_collection(self.collections):
            writer.retention(collection.name, collection.retention)
        async for keys in prefetched_pages(
            lambda after: self.keys.stored(KEYS_PAGE, after), lambda last: last.key.id
        ):
            await workers.run(writer.keys, keys)
            done = replace(done, keys=done.keys + len(keys))
            yield done
        for file in files:
            await workers.run(writer.file, file)
        await workers.run(writer.finish)
        yield replace(done, files=len(files))


@dataclass(frozen=True, slots=True)
class RestoredInstance:
    """Numbers of what has been restored so far."""

    people: Imported = field(default_factory=Imported)
    keys: int = 0
    files: int = 0
    files_differing: tuple[str, ...] = ()
    """Files that were here before with another content, and have been left as they were."""


@dataclass(frozen=True, slots=True)
class RestoreInstance:
    """Puts a backup into an instance without people and keys, with all ids.

    An interrupted one may be repeated: keys are restored last, and all at once. Where people are kept for some days
    after their last match, the days are counted from now.
    """

    people: ImportPeople
    keys: ApiKeyRepository
    files: OperatorFiles

    async def check(self, reader: ArchiveReader) -> AsyncIterator[int]:
        """Yield the number of entries that were checked, after each page; nothing is changed.

        Raises:
            ArchiveError: the file is damaged, is no backup, or its embeddings don't fit the models here.
            BulkError: there are keys here.
            Unavailable.
        """
        if reader.key_pages is None or reader.ids is None:
            raise ArchiveError("this is an archive of people, not a backup: put it in with face-api import")
        await self._require_no_keys()
        async for done in self.people.check(reader, reader.sections, reader.key_pages, reader.files):
            yield done
        await self._keys(reader)
        for file in await self._files(reader):
            self.files.check(file)

    async def execute(self, reader: ArchiveReader) -> AsyncIterator[RestoredInstance]:
        """Yield the progress after each page; what is reported is durable. `check` must have been passed.

        Raises:
            BulkError: there are people or keys here, or a file can't be written.
            Unavailable.
        """
        workers = self.people.workers
        await self._require_no_keys()
        if reader.ids is None or not await self.people.archive.keep_ids(reader.ids):
            raise BulkError("there are people here: a backup is restored into an empty instance only")
        files = await self._files(reader)
        differing = tuple([each.name for each in files if not await workers.run(self.files.add, each)])
        done = RestoredInstance(files=len(files) - len(differing), files_differing=differing)
        async for imported in self.people.execute(reader, reader.sections):
            done = replace(done, people=imported)
            yield done
        for name, rule in reader.retention.items():
            await self.people.collections.set_retention(name, rule)
        keys = await self._keys(reader)
        if not await self.keys.restore(keys):
            raise _keys_here()
        yield replace(done, keys=len(keys))

    async def _require_no_keys(self) -> None:
        if await self.keys.any():
            raise _keys_here()

    async def _keys(self, reader: ArchiveReader) -> list[StoredKey]:
        run = self.people.workers.run
        return [key for page in reader.key_pages or () for key in await run(reader.keys, page)]

    async def _files(self, reader: ArchiveReader) -> list[OperatorFile]:
        return [await self.people.workers.run(reader.file, page) for page in reader.files]


def _keys_here() -> BulkError:
    return BulkError("there are API keys here: a backup is restored into an empty instance only")
