"""The use case: enrol people from photo files."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from application.analysis.sources import Photo
from application.bulk.collections import require_collection
from application.bulk.concurrency import batched, map_ordered, result_or_error
from application.bulk.photos import PhotoReader
from application.enrolment import EnrolFace, EnrolmentOptions, PendingEnrolment
from application.photo_folders import PhotoFile
from application.ports.people import CollectionRepository
from application.ports.workers import WorkerPool
from domain.enrolment import FaceConflict, OnConflict
from domain.errors import FaceServiceError
from domain.models import ModelChoice
from domain.people import Face, person_name

BATCH = 8
"""Photos that are looked up in one query."""
CONCURRENT_BATCHES = 4
"""Batches that are read and looked up ahead of the analysis; their photos are in memory."""


class Status(StrEnum):
    """What became of a photo."""

    ENROLLED = "enrolled"
    KNOWN = "known"
    """The person already had this photo's face, by the same models."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PhotoOutcome:
    """A photo and what became of it."""

    item: PhotoFile
    status: Status
    face: Face | None = None
    """None if the photo was refused."""
    conflicts: tuple[FaceConflict, ...] = ()
    """Why the face may be of somebody else, though it was enrolled."""
    error: FaceServiceError | None = None
    """Why the photo was refused."""
    faces_left_out: int = 0
    """Number of other faces in the photo."""


_Read: TypeAlias = tuple[PhotoFile, Photo] | PhotoOutcome
"""A photo that is to be analysed, or the outcome of one that isn't."""

_Analysed: TypeAlias = tuple[PhotoFile, PendingEnrolment] | PhotoOutcome


@dataclass(frozen=True, slots=True)
class EnrolPhotos:
    """Enrols photos from files, several at a time; a bad one is refused alone.

    Photos that are enrolled already are not analysed again: an interrupted run is continued by repeating it.
    """

    enrol_face: EnrolFace
    collections: CollectionRepository
    workers: WorkerPool
    files: PhotoReader
    concurrency: int
    """Maximum number of photos that are analysed, or wait for those before them."""

    async def prepare(self, options: EnrolmentOptions) -> ModelChoice:
        """Load the models and check the collection, before any photo is read.

        Raises:
            CollectionNotFound, InvalidCollection, UnknownModel, ModelNotInstalled, BrokenModel.
        """
        library = self.enrol_face.reader.analyser.models
        models = library.choose(options.detection_model, options.recognition_model)
        await require_collection(self.collections, options.collection)
        await self.workers.run(library.detector, models.detection)
        await self.workers.run(library.embedder, models.recognition)
        return models

    async def execute(
        self, photos: Sequence[PhotoFile], options: EnrolmentOptions
    ) -> AsyncIterator[PhotoOutcome]:
        """Yield the outcome of each photo, in order; a face that is reported is durable.

        Photos are analysed concurrently. Unless conflicts are allowed, they are compared with the gallery and
        enrolled one after another, since a photo may conflict with one before it.

        Raises:
            FaceServiceError: one of FATAL; a later run continues here.
        """
        models = await self.prepare(options)

        async def analyse(photo: _Read) -> _Analysed:
            analysed = await self._analyse(photo, options)
            return await self._enrol(analysed, options) if in_any_order else analysed

        in_any_order = options.on_conflict is OnConflict.ALLOW
        unknown = self._read(photos, options.collection, models)
        async for analysed in map_ordered(unknown, analyse, self.concurrency):
            yield await self._enrol(analysed, options)

    async def _read(
        self, photos: Sequence[PhotoFile], collection: str, models: ModelChoice
    ) -> AsyncIterator[_Read]:
        async def read_batch(batch: list[PhotoFile]) -> list[_Read]:
            read = await self.workers.run(lambda: [self._read_file(item) for item in batch])
            keys = [(each[0].person, each[1].digest) for each in read if isinstance(each, tuple)]
            known = iter(await self.enrol_face.repository.enrolled(collection, models, keys))
            return [_unless_known(each, next(known)) if isinstance(each, tuple) else each for each in read]

        async for batch in map_ordered(batched(photos, BATCH), read_batch, CONCURRENT_BATCHES):
            for photo in batch:
                yield photo

    def _read_file(self, item: PhotoFile) -> _Read:
        try:
            return PhotoFile(person_name(item.person), item.path), self.files.read(item.path)
        except FaceServiceError as error:
            return PhotoOutcome(item, Status.REFUSED, error=error)

    async def _analyse(self, read: _Read, options: EnrolmentOptions) -> _Analysed:
        if isinstance(read, PhotoOutcome):
            return read
        item, photo = read
        pending = await result_or_error(self.enrol_face.prepare(item.person, photo, options))
        if isinstance(pending, FaceServiceError):
            return PhotoOutcome(item, Status.REFUSED, error=pending)
        return item, pending

    async def _enrol(self, analysed: _Analysed, options: EnrolmentOptions) -> PhotoOutcome:
        if isinstance(analysed, PhotoOutcome):
            return analysed
        item, pending = analysed
        done = await result_or_error(self.enrol_face.enrol(pending, options))
        if isinstance(done, FaceServiceError):
            return PhotoOutcome(item, Status.REFUSED, error=done)
        status = Status.ENROLLED if done.created else Status.KNOWN
        left_out = done.analysed.faces_left_out or 0
        return PhotoOutcome(item, status, done.face, done.conflicts, faces_left_out=left_out)


def _unless_known(read: tuple[PhotoFile, Photo], face: Face | None) -> _Read:
    return read if face is None else PhotoOutcome(read[0], Status.KNOWN, face)
