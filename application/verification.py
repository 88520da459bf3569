"""The use case that compares two photos, or a photo with a person (1:1)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from application.analysis.analyser import AnalysedFace
from application.analysis.sources import Photo, Source, SourceReader
from application.audit_notes import note
from application.decisions import DecisionPolicy, Threshold
from application.gallery_calibration import GalleryCalibration
from application.people import within
from application.person_reference import PersonReference, find_profile_id
from application.ports.gallery import Gallery
from application.ports.people import CollectionRepository, ProfileRepository
from application.recognition import RecognitionOptions
from domain.errors import ProfileNotFound, about
from domain.faces import Embedding
from domain.identification import Candidate, nearest_embedding
from domain.methods import METHODS
from domain.people import ProfileId
from domain.quality import QualityBounds

PAIR = ("image1", "image2")
"""What two photos that are compared are called."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether two faces, or a face and a person, are the same."""

    similarity: float
    threshold: Threshold
    faces: tuple[AnalysedFace, ...]
    """Those of the request's photos."""

    @property
    def match(self) -> bool:
        """The decision."""
        return self.similarity >= self.threshold.similarity

    def doubtful(self, error: float) -> bool:
        """Whether it might be another one, if the similarity may be wrong by `error`."""
        return abs(self.similarity - self.threshold.similarity) < error


@dataclass(frozen=True, slots=True)
class VerifyFace:
    """Compares two photos, or a photo with a person who is enrolled (1:1)."""

    reader: SourceReader
    gallery: Gallery
    profiles: ProfileRepository
    collections: CollectionRepository
    policy: DecisionPolicy
    calibration: GalleryCalibration
    method: str
    bounds: QualityBounds
    matched: Callable[[ProfileId], None] = lambda _: None
    """Told of everybody who is verified."""

    async def two(self, one: Photo, other: Photo, options: RecognitionOptions) -> Comparison:
        """Two photos, by their largest faces; a liveness session is of the first.

        Raises:
            NoFaceDetected, and what SourceReader.read names: it says which photo it is about (PAIR).
        """

        async def read(photo: Photo, name: str, asked: RecognitionOptions) -> AnalysedFace:
            with about(name):
                return await self.reader.read_one(photo, asked, self.bounds)

        # Of two bad photos the first is told of, whichever is found out earlier.
        each = options, replace(options, liveness_session=None)
        found = await asyncio.gather(*map(read, (one, other), PAIR, each), return_exceptions=True)
        faces = [_or_raise(face) for face in found]
        similarity = faces[0].embedding.similarity(faces[1].embedding)
        comparison = await self._compared(similarity, faces[1].embedding, options, *faces)
        self._note(comparison)
        return comparison

    async def person(
        self, source: Source, person: PersonReference, options: RecognitionOptions
    ) -> Comparison:
        """A photo's largest face and a person, by name or id.

        Raises:
            CollectionNotFound.
            ProfileNotFound: there is no such person, or they have no face of this model.
            NoFaceDetected, and what SourceReader.read names.
        """
        recognition = self.reader.models(options).recognition
        async with within(self.collections, options.collection):
            profile_id = await find_profile_id(self.profiles, options.collection, person)
            if profile_id is None:
                raise ProfileNotFound("Nobody has this name.")
            note(profile_ids=[profile_id])
            candidate = await self.gallery.person(recognition, options.collection, profile_id)
            if candidate is None:
                raise ProfileNotFound("This person has no face of this recognition model.")
        face = await self.reader.read_one(source, options, self.bounds, estimate=True)
        comparison = await self._compared_with(candidate, face, options)
        while face.estimated and comparison.doubtful(face.error):
            (face,) = await self.reader.closer([face], source, options, self.bounds)
            comparison = await self._compared_with(candidate, face, options)
        self._note(comparison)
        if comparison.match:
            self.matched(profile_id)
        return comparison

    async def _compared_with(
        self, candidate: Candidate, face: AnalysedFace, options: RecognitionOptions
    ) -> Comparison:
        method = METHODS[options.method or self.method]
        (ranked,) = method.rank(face.embedding, [candidate])
        comparisons = method.comparisons(len(candidate.faces))
        reference = nearest_embedding(ranked, [candidate])
        return await self._compared(ranked.similarity, reference, options, face, comparisons=comparisons)

    async def _compared(
        self,
        similarity: float,
        reference: Embedding,
        options: RecognitionOptions,
        *faces: AnalysedFace,
        comparisons: float = 1,
    ) -> Comparison:
        probe = faces[0].embedding
        compared = await self.calibration.compared(options.collection, probe, reference)
        threshold = self.policy.verification(probe.model, options.threshold, comparisons, compared)
        return Comparison(similarity, threshold, faces)

    @staticmethod
    def _note(comparison: Comparison) -> None:
        verdict = "match" if comparison.match else "no_match"
        model = comparison.faces[0].embedding.model
        note(model=model, threshold=comparison.threshold.similarity, verdict=verdict)


def _or_raise(found: AnalysedFace | BaseException) -> AnalysedFace:
    if isinstance(found, BaseException):
        raise found
    return found
