"""The use case: say who is in photos in files."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from application.bulk.attempts import attempted
from application.bulk.lanes import each, in_order
from application.bulk.photos import PhotoReader
from application.ports.people import CollectionRepository
from application.ports.workers import WorkerPool
from application.recognition import IdentifiedFace, Identify, RecognitionOptions
from domain.errors import CollectionNotFound, FaceServiceError
from domain.models import ModelChoice
from domain.people import collection_name


@dataclass(frozen=True, slots=True, eq=False)
class PhotoAnswer:
    """A photo and whose faces are in it."""

    path: Path
    models: ModelChoice
    faces: tuple[IdentifiedFace, ...] = ()
    error: FaceServiceError | None = None
    """Why it wasn't searched for."""


@dataclass(frozen=True, slots=True)
class IdentifyPhotos:
    """Searches for the faces of photos from files, several at a time; a bad one fails alone."""

    identify: Identify
    collections: CollectionRepository
    workers: WorkerPool
    files: PhotoReader
    width: int
    """How many photos are on their way at once."""

    async def execute(self, paths: Sequence[Path], query: RecognitionOptions) -> AsyncIterator[PhotoAnswer]:
        """An answer a photo, in order.

        Raises:
            FaceServiceError, one of FATAL: nothing more can be done now.
        """
        choice = self.identify.reader.models(query)
        if await self.collections.get(collection_name(query.collection)) is None:
            raise CollectionNotFound

        async def ask(path: Path) -> PhotoAnswer:
            found = await attempted(self._ask(path, query))
            if isinstance(found, FaceServiceError):
                return PhotoAnswer(path, choice, error=found)
            return PhotoAnswer(path, choice, tuple(found))

        async for answer in in_order(each(paths), ask, self.width):
            yield answer

    async def _ask(self, path: Path, query: RecognitionOptions) -> list[IdentifiedFace]:
        return await self.identify.execute(await self.workers.run(self.files.read, path), query)
