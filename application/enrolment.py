"""The use cases that enrol faces."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from application.analysis.analyser import AnalysedFace
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.analysis.sources import Photo, Source, SourceReader
from application.audit_notes import note
from application.decisions import DecisionPolicy
from application.gallery_calibration import GalleryCalibration
from application.limits import hold_photo_place
from application.person_reference import PersonReference, find_profile_id
from application.ports.crops import CropCodec
from application.ports.faces import EmbeddingRepository, NewFace
from application.ports.gallery import Gallery
from application.ports.people import ProfileRepository
from application.ports.workers import WorkerPool
from application.stages import Stage, stage
from domain.enrolment import EnrolmentConflict, FaceConflict, OnConflict, find_conflicts
from domain.errors import Busy, FaceServiceError, IndexUnavailable, ModelNotCalibrated
from domain.faces import Crop, Embedding
from domain.identification import RankedPerson, nearest_embedding
from domain.methods import NEAREST
from domain.models import ModelChoice
from domain.people import DEFAULT_COLLECTION, Face, collection_name, person_name
from domain.quality import QualityBounds


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentOptions(PhotoOptions):
    """How to enrol; None leaves it to the configuration."""

    collection: str = DEFAULT_COLLECTION
    selection: FaceSelection = FaceSelection.SINGLE
    on_conflict: OnConflict = OnConflict.WARN


@dataclass(frozen=True, slots=True)
class EnrolledFace:
    """An enrolled face."""

    face: Face
    created: bool
    """False: the person had this photo's face already."""
    analysed: AnalysedFace
    conflicts: tuple[FaceConflict, ...] = ()
    """Reasons to doubt that it is the person's; empty with OnConflict.ALLOW."""


@dataclass(frozen=True, slots=True, eq=False)
class PendingEnrolment:
    """A face that passed all checks and is not enrolled yet."""

    person: PersonReference
    source: Source
    models: ModelChoice
    analysed: AnalysedFace


@dataclass(frozen=True, slots=True)
class EnrolFace:
    """Enrols the face in a photo under a person's name."""

    reader: SourceReader
    repository: EmbeddingRepository
    profiles: ProfileRepository
    gallery: Gallery
    policy: DecisionPolicy
    calibration: GalleryCalibration
    bounds: QualityBounds
    crops: CropCodec | None = None
    """None: aligned crops are not stored."""

    async def execute(
        self, person: PersonReference, source: Source, options: EnrolmentOptions
    ) -> EnrolledFace:
        """The enrolled face; it is durable when this returns. The photo is not stored.

        Raises:
            What `prepare` and `enrol` name.
        """
        return await self.enrol(await self.prepare(person, source, options), options)

    async def prepare(
        self, person: PersonReference, source: Source, options: EnrolmentOptions
    ) -> PendingEnrolment:
        """The face of the source, which has passed the checks on it alone.

        Args:
            person: a name, whose profile is made if it isn't there, or the id of a profile.
            source: the photo, or the embedding.
            options: the request's options.

        Raises:
            InvalidName, InvalidCollection, and what SourceReader.read names.
        """
        collection_name(options.collection)
        person = person_name(person) if isinstance(person, str) else person
        face = await self.reader.read_one(source, options, self.bounds)
        return PendingEnrolment(person, source, self.reader.models(options), face)

    async def enrol(self, pending: PendingEnrolment, options: EnrolmentOptions) -> EnrolledFace:
        """The enrolled face; it is durable when this returns.

        Raises:
            EnrolmentConflict: the face conflicts with the gallery, and such faces are to be rejected.
            CollectionNotFound, ProfileNotFound, ModelNotCalibrated, InvalidEmbedding, Busy.
        """
        source, face = pending.source, pending.analysed
        conflicts = await self._conflicts(pending.person, face.embedding, options)
        if conflicts and options.on_conflict is OnConflict.REJECT:
            raise EnrolmentConflict(conflicts)
        enrolment = await self.repository.add(
            NewFace(
                collection=options.collection,
                person=pending.person,
                embedding=face.embedding,
                detection_model=pending.models.detection,
                digest=source.digest if isinstance(source, Photo) else None,
                crop=await self._encoded(face.crop),
            )
        )
        added = enrolment.face
        note(
            profile_ids=[added.profile_id],
            face_ids=[added.id],
            names=[added.name],
            model=added.recognition_model,
        )
        return EnrolledFace(added, enrolment.created, face, conflicts)

    async def _encoded(self, crop: Crop | None) -> bytes | None:
        if self.crops is None or crop is None:
            return None
        return await self.reader.workers.run(self.crops.encode, crop)

    async def _conflicts(
        self, person: PersonReference, probe: Embedding, options: EnrolmentOptions
    ) -> tuple[FaceConflict, ...]:
        if options.on_conflict is OnConflict.ALLOW:
            return ()
        try:
            with stage(Stage.SEARCH):
                found = await self.gallery.search(probe, options.collection, people=2)
        except IndexUnavailable:
            # As below: whom the client wants to enrol in any case is enrolled without a warning.
            if options.on_conflict is OnConflict.WARN:
                return ()
            raise
        nearest = NEAREST.rank(probe, found.candidates)
        other = next((each for each in nearest if person not in {each.profile_id, each.name}), None)
        compared = None
        if nearest:
            reference = nearest_embedding(nearest[0], found.candidates)
            compared = await self.calibration.compared(options.collection, probe, reference, found.searched)
        try:
            threshold = self.policy.verification(probe.model, faces=compared).similarity
        except ModelNotCalibrated:
            # Nothing can be doubted; that is no reason to refuse whom the client wants to enrol in any case.
            if options.on_conflict is OnConflict.WARN:
                return ()
            raise
        return find_conflicts(await self._enrolled(person, probe, options.collection), other, threshold)

    async def _enrolled(
        self, person: PersonReference, probe: Embedding, collection: str
    ) -> RankedPerson | None:
        """The person as they are enrolled; None without a face of the probe's model."""
        profile_id = await find_profile_id(self.profiles, collection, person)
        if profile_id is None:
            return None
        candidate = await self.gallery.person(probe.model, collection, profile_id)
        return None if candidate is None else NEAREST.rank(probe, [candidate])[0]


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One photo of a batch."""

    person: str
    photo: Photo | Callable[[], Photo]
    """Or what reads it, in a worker, when its turn has come; it may raise a FaceServiceError."""


@dataclass(frozen=True, slots=True)
class EnrolBatch:
    """Enrols many photos; a bad one fails alone."""

    enrol_face: EnrolFace
    workers: WorkerPool
    parallel: int
    """Maximum number of photos that are processed at once."""

    async def execute(
        self, items: Sequence[BatchItem], options: EnrolmentOptions
    ) -> list[EnrolledFace | FaceServiceError]:
        """What became of each, in order.

        Raises:
            TooManyPhotos: the client has as many photos in work as it may.
        """
        hold_photo_place()
        places = asyncio.Semaphore(self.parallel)

        async def one(item: BatchItem) -> EnrolledFace | FaceServiceError:
            photo = item.photo
            async with places:
                while True:
                    try:
                        if not isinstance(photo, Photo):
                            photo = await self.workers.run(photo)
                        return await self.enrol_face.execute(item.person, photo, options)
                    except Busy:
                        await self.workers.vacancy()
                    except FaceServiceError as error:
                        return error

        return list(await asyncio.gather(*map(one, items)))
