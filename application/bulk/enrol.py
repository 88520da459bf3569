"""The use case: enrol people from photos in files."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from application.analysis.sources import Photo
from application.bulk.attempts import attempted
from application.bulk.lanes import batches, in_order
from application.bulk.photos import PhotoReader
from application.enrolment import EnrolFace, EnrolmentOptions, PendingEnrolment
from application.ports.people import CollectionRepository
from application.ports.workers import WorkerPool
from domain.enrolment import Conflict, OnConflict
from domain.errors import CollectionNotFound, FaceServiceError
from domain.models import ModelChoice
from domain.people import Face, collection_name, person_name

BATCH = 8
"""Photos that are looked up together: enough to make that cheap."""
BATCHES_AHEAD = 4
"""So many are read and looked up before their turn, that no worker waits; few enough to be held in memory."""


@dataclass(frozen=True, slots=True)
class PersonPhoto:
    """One photo of a person."""

    person: str
    path: Path


class Status(StrEnum):
    """What became of a photo."""

    ENROLLED = "enrolled"
    KNOWN = "known"
    """The person had its face already, by the same models."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PhotoOutcome:
    """A photo and what became of it."""

    item: PersonPhoto
    status: Status
    face: Face | None = None
    """None when it was refused."""
    conflicts: tuple[Conflict, ...] = ()
    """What is doubtful about a face that was enrolled all the same."""
    error: FaceServiceError | None = None
    """Why it was refused."""
    faces_left_out: int = 0
    """Other faces in a photo whose subject was enrolled."""


@dataclass(frozen=True, slots=True, eq=False)
class _Unknown:
    """A photo whose face the person hasn't."""

    item: PersonPhoto
    photo: Photo


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """A photo whose face was found good."""

    item: PersonPhoto
    candidate: PendingEnrolment


@dataclass(frozen=True, slots=True)
class EnrolPhotos:
    """Enrols photos from files, several at a time; a bad one is refused alone.

    A photo whose face the person has is not analysed again, so that an interrupted run is continued by
    repeating it.
    """

    enrol_face: EnrolFace
    collections: CollectionRepository
    workers: WorkerPool
    files: PhotoReader
    width: int
    """How many photos are on their way at once."""

    async def prepare(self, how: EnrolmentOptions) -> ModelChoice:
        """The models that a run will use, loaded; most of what would stop it, stops it here.

        Raises:
            CollectionNotFound, InvalidCollection, UnknownModel, ModelNotInstalled, BrokenModel.
        """
        models = self.enrol_face.reader.analyser.models
        choice = models.choose(how.detection_model, how.recognition_model)
        if await self.collections.get(collection_name(how.collection)) is None:
            raise CollectionNotFound
        await self.workers.run(models.detector, choice.detection)
        await self.workers.run(models.embedder, choice.recognition)
        return choice

    async def execute(
        self, photos: Sequence[PersonPhoto], how: EnrolmentOptions
    ) -> AsyncIterator[PhotoOutcome]:
        """What became of each photo, in order; a face is durable when it is told.

        With OnConflict.ALLOW, faces are enrolled as they come. Otherwise each is judged when those before
        it are enrolled, in the order of the photos.

        Raises:
            FaceServiceError, one of FATAL: nothing more can be done now; a later run goes on from here.
        """
        choice = await self.prepare(how)

        async def look(photo: _Unknown | PhotoOutcome) -> _Looked | PhotoOutcome:
            looked = await self._look(photo, how)
            return await self._enrol(looked, how) if how.on_conflict is OnConflict.ALLOW else looked

        async for looked in in_order(self._unknown(photos, how.collection, choice), look, self.width):
            yield await self._enrol(looked, how)

    async def _unknown(
        self, photos: Sequence[PersonPhoto], collection: str, choice: ModelChoice
    ) -> AsyncIterator[_Unknown | PhotoOutcome]:
        """The photos, read; with an outcome those that can't be read or are known."""

        async def look_up(batch: list[PersonPhoto]) -> list[_Unknown | PhotoOutcome]:
            read = await self.workers.run(lambda: [self._read(item) for item in batch])
            asked = [(each.item.person, each.photo.digest) for each in read if isinstance(each, _Unknown)]
            known = iter(await self.enrol_face.repository.enrolled(collection, choice, asked))
            return [_sifted(each, next(known)) if isinstance(each, _Unknown) else each for each in read]

        async for batch in in_order(batches(photos, BATCH), look_up, BATCHES_AHEAD):
            for photo in batch:
                yield photo

    def _read(self, item: PersonPhoto) -> _Unknown | PhotoOutcome:
        try:
            return _Unknown(PersonPhoto(person_name(item.person), item.path), self.files.read(item.path))
        except FaceServiceError as error:
            return _refused(item, error)

    async def _look(self, photo: _Unknown | PhotoOutcome, how: EnrolmentOptions) -> _Looked | PhotoOutcome:
        if isinstance(photo, PhotoOutcome):
            return photo
        found = await attempted(self.enrol_face.prepare(photo.item.person, photo.photo, how))
        if isinstance(found, FaceServiceError):
            return _refused(photo.item, found)
        return _Looked(photo.item, found)

    async def _enrol(self, looked: _Looked | PhotoOutcome, how: EnrolmentOptions) -> PhotoOutcome:
        if isinstance(looked, PhotoOutcome):
            return looked
        done = await attempted(self.enrol_face.enrol(looked.candidate, how))
        if isinstance(done, FaceServiceError):
            return _refused(looked.item, done)
        status = Status.ENROLLED if done.created else Status.KNOWN
        left_out = done.analysed.faces_left_out or 0
        return PhotoOutcome(looked.item, status, done.face, done.conflicts, faces_left_out=left_out)


def _sifted(photo: _Unknown, face: Face | None) -> _Unknown | PhotoOutcome:
    return photo if face is None else PhotoOutcome(photo.item, Status.KNOWN, face)


def _refused(item: PersonPhoto, error: FaceServiceError) -> PhotoOutcome:
    return PhotoOutcome(item, Status.REFUSED, error=error)
