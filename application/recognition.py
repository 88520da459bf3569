"""The use cases that ask whose face a photo shows: search, recognize, verify; and those that only look."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from application.analysis.analyser import AnalysedFace, Checks
from application.analysis.selection import FaceSelection
from application.analysis.sources import Photo, Source, SourceReader
from application.decisions import DecisionPolicy, Threshold
from application.gallery_calibration import GalleryCalibration
from application.ports.gallery import Gallery
from application.ports.people import ProfileRepository
from domain.errors import InvalidInput, NoMatch, ProfileNotFound, about
from domain.faces import DetectedFace, Embedding
from domain.identification import AmbiguousMatch, Decision, Verdict, nearest_embedding
from domain.liveness import Liveness, LivenessPolicy
from domain.metadata import Metadata, metadata_filter
from domain.methods import METHODS
from domain.people import DEFAULT_COLLECTION, PersonName, ProfileId, person_name
from domain.quality import NO_BOUNDS, QualityBounds

PAIR = ("image1", "image2")
"""What two photos that are compared are called."""

POOL = 50
"""People who are weighed by methods that look at more than a person's nearest face."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionOptions:
    """How to search; None leaves it to the configuration."""

    collection: str = DEFAULT_COLLECTION
    detection_model: str | None = None
    recognition_model: str | None = None
    method: str | None = None
    top_k: int = 1
    """How many people to answer with."""
    threshold: float | None = None
    """The least similarity of a match."""
    metadata: Metadata | None = None
    """What the metadata of people must contain."""
    selection: FaceSelection = FaceSelection.LARGEST
    liveness: LivenessPolicy | None = None
    """A stricter policy than the operator's."""
    liveness_session: str | None = None
    """The id of a session that the face was in; it counts once, instead of a look at the photo."""


@dataclass(frozen=True, slots=True, eq=False)
class IdentifiedFace:
    """A face and who it is."""

    face: AnalysedFace
    decision: Decision | None
    """None for a face that failed a check and was not searched for."""


@dataclass(frozen=True, slots=True)
class Identify:
    """Finds the people of a gallery who are most similar to the faces of a photo."""

    reader: SourceReader
    gallery: Gallery
    policy: DecisionPolicy
    calibration: GalleryCalibration
    method: str
    """The default one."""
    bounds: QualityBounds

    async def execute(self, source: Source, query: RecognitionOptions) -> list[IdentifiedFace]:
        """One result a selected face; with FaceSelection.ALL there may be none.

        Raises:
            CollectionNotFound, ModelNotCalibrated, InvalidMetadata, and all that SourceReader.read raises.
        """
        if query.metadata is not None:
            metadata_filter(query.metadata)
        choice = self.reader.choose(query.detection_model, query.recognition_model)
        # Of a crowd nobody expects good portraits: there a bad one is searched for like the others.
        bounds = NO_BOUNDS if query.selection is FaceSelection.ALL else self.bounds
        checks = Checks(bounds, query.liveness, query.liveness_session)
        faces = await self.reader.read(source, choice, query.selection, checks)
        return [
            IdentifiedFace(face, None if face.refusal else await self.decide(face.embedding, query))
            for face in faces
        ]

    async def decide(self, probe: Embedding, query: RecognitionOptions) -> Decision:
        """Who a probe is: at most `top_k` people, best first."""
        method = METHODS[query.method or self.method]
        # The second person tells whether the first is ambiguous.
        people = max(query.top_k, 2)
        pool = people if method.name == "nearest" else max(people, POOL)
        found = await self.gallery.search(probe, query.collection, pool, query.metadata)
        ranked = method.rank(probe, found.candidates)[:people]
        faces = {person.profile_id: len(person.faces) for person in found.candidates}
        comparisons = method.comparisons(faces[ranked[0].profile_id]) if ranked else 1
        # A filter by metadata leaves part of the people out of the search, and all of them in the gallery.
        enrolled = None if query.metadata else found.searched
        compared = None
        if ranked:
            nearest = nearest_embedding(ranked[0], found.candidates)
            compared = await self.calibration.compared(query.collection, probe, nearest, enrolled)
        threshold = self.policy.identification(
            probe.model, found.searched, query.threshold, comparisons, compared
        )
        return self.policy.decide(ranked, found.searched, threshold)


@dataclass(frozen=True, slots=True)
class RecognizeFace:
    """Names the person in a photo, or nobody."""

    identify: Identify

    async def execute(self, source: Source, query: RecognitionOptions) -> tuple[AnalysedFace, Decision]:
        """The largest face and the decision on it, which is a match.

        Raises:
            NoMatch: nobody is similar enough.
            AmbiguousMatch: several people are, too nearly equal to tell.
            NoFaceDetected, and all that Identify.execute raises.
        """
        (identified,) = await self.identify.execute(source, query)
        decision = identified.decision
        if decision is None or decision.verdict is Verdict.UNKNOWN:
            raise NoMatch("Nobody who is registered is similar enough to this face.")
        if decision.verdict is Verdict.AMBIGUOUS:
            raise AmbiguousMatch(decision)
        return identified.face, decision


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether two faces, or a face and a person, are the same."""

    similarity: float
    threshold: Threshold
    faces: tuple[AnalysedFace, ...]
    """Those that were looked at."""

    @property
    def match(self) -> bool:
        """The decision."""
        return self.similarity >= self.threshold.similarity


@dataclass(frozen=True, slots=True)
class VerifyFace:
    """Compares two photos, or a photo with a person who is enrolled (1:1)."""

    reader: SourceReader
    gallery: Gallery
    profiles: ProfileRepository
    policy: DecisionPolicy
    calibration: GalleryCalibration
    method: str
    bounds: QualityBounds

    async def two(self, one: Photo, other: Photo, query: RecognitionOptions) -> Comparison:
        """Two photos, by their largest faces; a liveness session is of the first.

        Raises:
            NoFaceDetected, and all that SourceReader.read raises: it says which photo it is about (PAIR).
        """
        choice = self.reader.choose(query.detection_model, query.recognition_model)
        checks = Checks(self.bounds, query.liveness)
        vouched = replace(checks, liveness_session=query.liveness_session)

        async def read(photo: Photo, name: str, asked: Checks) -> AnalysedFace:
            with about(name):
                return await self.reader.read_one(photo, choice, FaceSelection.LARGEST, asked)

        # Of two bad photos the first is told of, whichever is found out earlier.
        found = await asyncio.gather(
            *map(read, (one, other), PAIR, (vouched, checks)), return_exceptions=True
        )
        faces = [_or_raise(face) for face in found]
        similarity = faces[0].embedding.similarity(faces[1].embedding)
        return await self._compared(similarity, faces[1].embedding, query, *faces)

    async def person(
        self, source: Source, person: PersonName | ProfileId, query: RecognitionOptions
    ) -> Comparison:
        """A photo's largest face and a person, by name or id.

        Raises:
            ProfileNotFound: there is no such person, or they have no face of this model.
            NoFaceDetected, and all that SourceReader.read raises.
        """
        choice = self.reader.choose(query.detection_model, query.recognition_model)
        profile_id = await self._profile_id(query.collection, person)
        candidate = await self.gallery.person(choice.recognition, query.collection, profile_id)
        if candidate is None:
            raise ProfileNotFound("This person has no face of this recognition model.")
        checks = Checks(self.bounds, query.liveness, query.liveness_session)
        face = await self.reader.read_one(source, choice, FaceSelection.LARGEST, checks)
        method = METHODS[query.method or self.method]
        (ranked,) = method.rank(face.embedding, [candidate])
        comparisons = method.comparisons(len(candidate.faces))
        reference = nearest_embedding(ranked, [candidate])
        return await self._compared(ranked.similarity, reference, query, face, comparisons=comparisons)

    async def _profile_id(self, collection: str, person: PersonName | ProfileId) -> ProfileId:
        if not isinstance(person, str):
            return person
        profile = await self.profiles.find(collection, person_name(person))
        if profile is None:
            raise ProfileNotFound("Nobody has this name.")
        return profile.id

    async def _compared(
        self,
        similarity: float,
        reference: Embedding,
        query: RecognitionOptions,
        *faces: AnalysedFace,
        comparisons: float = 1,
    ) -> Comparison:
        probe = faces[0].embedding
        compared = await self.calibration.compared(query.collection, probe, reference)
        threshold = self.policy.verification(probe.model, query.threshold, comparisons, compared)
        return Comparison(similarity, threshold, faces)


@dataclass(frozen=True, slots=True)
class DetectFaces:
    """Finds faces."""

    reader: SourceReader

    async def execute(self, photo: Photo, detection_model: str | None = None) -> list[DetectedFace]:
        """All faces, best score first; perhaps none."""
        choice = self.reader.choose(detection_model, None)
        return await self.reader.workers.run(self.reader.analyser.detect, photo.data, choice.detection)


@dataclass(frozen=True, slots=True)
class CheckLiveness:
    """Says whether a face is alive, and nothing else."""

    reader: SourceReader

    async def execute(
        self, photo: Photo, detection_model: str | None = None
    ) -> tuple[DetectedFace, Liveness]:
        """The largest face and what is found.

        Raises:
            ModelNotInstalled: there is no anti-spoofing model.
        """
        choice = self.reader.choose(detection_model, None)
        return await self.reader.workers.run(self.reader.analyser.look, photo.data, choice.detection)


@dataclass(frozen=True, slots=True)
class EmbedFaces:
    """Computes embeddings, for clients that keep their own gallery."""

    reader: SourceReader

    async def execute(self, photo: Photo, query: RecognitionOptions) -> Sequence[AnalysedFace]:
        """The selected faces of a photo; with FaceSelection.ALL there may be none."""
        choice = self.reader.choose(query.detection_model, query.recognition_model)
        return await self.reader.read(photo, choice, query.selection)


def _or_raise(found: AnalysedFace | BaseException) -> AnalysedFace:
    if isinstance(found, BaseException):
        raise found
    return found


def one_of(name: str | None, profile_id: ProfileId | None) -> PersonName | ProfileId:
    """The person that a request means, who may be given in two ways.

    Raises:
        InvalidInput: in neither, or in both.
        InvalidName: nobody can have this name.
    """
    if name is not None and profile_id is None:
        return person_name(name)
    if profile_id is not None and name is None:
        return profile_id
    raise InvalidInput("Give either name or profile_id.")
