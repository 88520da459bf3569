"""The use cases that enrol faces."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from application.analysis import AnalysedFace, Checks, FaceSelection
from application.decisions import DecisionPolicy
from application.gallery_calibration import GalleryCalibration
from application.ports.crops import CropCodec
from application.ports.faces import EmbeddingRepository, NewFace
from application.ports.gallery import Gallery
from application.ports.people import ProfileRepository
from application.ports.workers import WorkerPool
from application.sources import Photo, Source, SourceReader
from domain.enrolment import Conflict, EnrolmentConflict, OnConflict, doubts
from domain.errors import Busy, FaceServiceError, ModelNotCalibrated
from domain.faces import Crop, Embedding
from domain.identification import RankedPerson, nearest_embedding
from domain.liveness import LivenessPolicy
from domain.methods import Nearest
from domain.models import ModelChoice
from domain.people import DEFAULT_COLLECTION, Face, PersonName, ProfileId, collection_name, person_name
from domain.quality import QualityBounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrol:
    """How to enrol; None leaves it to the configuration."""

    collection: str = DEFAULT_COLLECTION
    detection_model: str | None = None
    recognition_model: str | None = None
    selection: FaceSelection = FaceSelection.SINGLE
    on_conflict: OnConflict = OnConflict.WARN
    liveness: LivenessPolicy | None = None
    """A stricter policy than the operator's."""
    liveness_session: str | None = None
    """The id of a session that the face was in; it counts once, instead of a look at the photo."""


@dataclass(frozen=True, slots=True)
class Registered:
    """An enrolled face."""

    face: Face
    created: bool
    """False: the person had this photo's face already."""
    analysed: AnalysedFace
    conflicts: tuple[Conflict, ...] = ()
    """What is doubtful about it, if that was asked."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A face that is about to be enrolled."""

    person: PersonName | ProfileId
    source: Source
    models: ModelChoice
    analysed: AnalysedFace


@dataclass(frozen=True, slots=True)
class RegisterFace:
    """Enrols the face in a photo under a person's name."""

    reader: SourceReader
    repository: EmbeddingRepository
    profiles: ProfileRepository
    gallery: Gallery
    policy: DecisionPolicy
    calibration: GalleryCalibration
    bounds: QualityBounds
    crops: CropCodec | None = None
    """None: aligned crops are not kept."""

    async def execute(self, person: PersonName | ProfileId, source: Source, how: Enrol) -> Registered:
        """The enrolled face; it is durable when this returns. The photo is not kept.

        Raises:
            All that `look` and `enrol` raise.
        """
        return await self.enrol(await self.look(person, source, how), how)

    async def look(self, person: PersonName | ProfileId, source: Source, how: Enrol) -> Candidate:
        """The face of the source, which has passed the checks on it alone.

        Args:
            person: a name, whose profile is made if it isn't there, or the id of a profile.
            source: the photo, or the embedding.
            how: the rest.

        Raises:
            InvalidName, InvalidCollection, and all that SourceReader.read raises.
        """
        collection_name(how.collection)
        person = person_name(person) if isinstance(person, str) else person
        choice = self.reader.choose(how.detection_model, how.recognition_model)
        checks = Checks(self.bounds, how.liveness, how.liveness_session)
        face = await self.reader.read_one(source, choice, how.selection, checks)
        return Candidate(person, source, choice, face)

    async def enrol(self, candidate: Candidate, how: Enrol) -> Registered:
        """The enrolled face; it is durable when this returns.

        Raises:
            EnrolmentConflict: the face is doubtful, and such faces are to be rejected.
            CollectionNotFound, ProfileNotFound, ModelNotCalibrated, InvalidEmbedding, Busy.
        """
        source, face = candidate.source, candidate.analysed
        conflicts = await self._conflicts(candidate.person, face.embedding, how)
        if conflicts and how.on_conflict is OnConflict.REJECT:
            raise EnrolmentConflict(conflicts)
        enrolment = await self.repository.add(
            NewFace(
                collection=how.collection,
                person=candidate.person,
                embedding=face.embedding,
                detection_model=candidate.models.detection,
                digest=source.digest if isinstance(source, Photo) else None,
                crop=await self._kept(face.crop),
            )
        )
        return Registered(enrolment.face, enrolment.created, face, conflicts)

    async def _kept(self, crop: Crop | None) -> bytes | None:
        if self.crops is None or crop is None:
            return None
        return await self.reader.workers.run(self.crops.encode, crop)

    async def _conflicts(
        self, person: PersonName | ProfileId, probe: Embedding, how: Enrol
    ) -> tuple[Conflict, ...]:
        if how.on_conflict is OnConflict.ALLOW:
            return ()
        found = await self.gallery.search(probe, how.collection, people=2)
        nearest = Nearest().rank(probe, found.candidates)
        other = next((each for each in nearest if person not in {each.profile_id, each.name}), None)
        compared = None
        if nearest:
            reference = nearest_embedding(nearest[0], found.candidates)
            compared = await self.calibration.compared(how.collection, probe, reference, found.searched)
        try:
            threshold = self.policy.verification(probe.model, faces=compared).similarity
        except ModelNotCalibrated:
            # Nothing can be doubted; that is no reason to refuse whom the client wants to enrol in any case.
            if how.on_conflict is OnConflict.WARN:
                return ()
            raise
        return doubts(await self._own(person, probe, how.collection), other, threshold)

    async def _own(
        self, person: PersonName | ProfileId, probe: Embedding, collection: str
    ) -> RankedPerson | None:
        if isinstance(person, str):
            profile = await self.profiles.find(collection, person)
            if profile is None:
                return None
            person = profile.id
        candidate = await self.gallery.person(probe.model, collection, person)
        return None if candidate is None else Nearest().rank(probe, [candidate])[0]


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One photo of a batch."""

    person: str
    photo: Photo | Callable[[], Photo]
    """Or what reads it, in a worker, when its turn has come; it may raise a FaceServiceError."""


@dataclass(frozen=True, slots=True)
class RegisterBatch:
    """Enrols many photos; a bad one fails alone."""

    register_face: RegisterFace
    workers: WorkerPool
    parallel: int
    """Maximum number of photos that are processed at once."""

    async def execute(self, items: Sequence[BatchItem], how: Enrol) -> list[Registered | FaceServiceError]:
        """What became of each, in order."""
        places = asyncio.Semaphore(self.parallel)

        async def one(item: BatchItem) -> Registered | FaceServiceError:
            photo = item.photo
            async with places:
                while True:
                    try:
                        if not isinstance(photo, Photo):
                            photo = await self.workers.run(photo)
                        return await self.register_face.execute(item.person, photo, how)
                    except Busy:
                        await self.workers.vacancy()
                    except FaceServiceError as error:
                        return error

        return list(await asyncio.gather(*map(one, items)))
