"""The use case: identify the people in photo files."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from application.bulk.collections import require_collection
from application.bulk.concurrency import map_ordered, result_or_error
from application.bulk.photos import PhotoReader
from application.ports.people import CollectionRepository
from application.ports.workers import WorkerPool
from application.recognition import IdentifiedFace, Identify, RecognitionOptions
from domain.errors import FaceServiceError


@dataclass(frozen=True, slots=True, eq=False)
class PhotoAnswer:
    """A photo and the people in it."""

    path: Path
    faces: tuple[IdentifiedFace, ...] = ()
    error: FaceServiceError | None = None
    """Why the photo could not be searched for."""


@dataclass(frozen=True, slots=True)
class IdentifyPhotos:
    """Searches for the faces of photos from files, several at a time; a bad one fails alone."""

    identify: Identify
    collections: CollectionRepository
    workers: WorkerPool
    files: PhotoReader
    concurrency: int
    """Maximum number of photos that are processed at once."""

    async def execute(self, paths: Sequence[Path], query: RecognitionOptions) -> AsyncIterator[PhotoAnswer]:
        """Yield the answer for each photo, in order.

        Raises:
            FaceServiceError: one of FATAL.
        """
        self.identify.reader.models(query)
        await require_collection(self.collections, query.collection)

        async def answer(path: Path) -> PhotoAnswer:
            found = await result_or_error(self._identify(path, query))
            if isinstance(found, FaceServiceError):
                return PhotoAnswer(path, error=found)
            return PhotoAnswer(path, tuple(found))

        async for found in map_ordered(paths, answer, self.concurrency):
            yield found

    async def _identify(self, path: Path, query: RecognitionOptions) -> list[IdentifiedFace]:
        return await self.identify.execute(await self.workers.run(self.files.read, path), query)
