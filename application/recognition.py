"""The use cases that ask whose face a photo shows: search and recognize; and detect, liveness and embed."""

from collections.abc import Callable
from dataclasses import dataclass

from application.analysis.analyser import AnalysedFace
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.analysis.sources import Photo, Source, SourceReader
from application.audit_notes import note_decision
from application.decisions import DecisionPolicy
from application.gallery_calibration import GalleryCalibration
from application.limits import run_on_photo
from application.ports.gallery import Gallery
from application.stages import Stage, note_verdict, stage
from domain.errors import NoMatch
from domain.faces import DetectedFace, Embedding
from domain.identification import (
    AmbiguousMatch,
    Decision,
    Verdict,
    nearest_embedding,
)
from domain.liveness.detection import Liveness
from domain.metadata import Metadata, metadata_filter
from domain.methods import METHODS
from domain.models import Execution
from domain.people import DEFAULT_COLLECTION, ProfileId
from domain.quality import NO_BOUNDS, QualityBounds

RERANK_DEPTH = 50
"""Number of nearest people that are ranked again by methods that look at more than a person's nearest face."""

SEARCH_S = 0.0012
"""What the search for one face counts as, in time of a worker. The database takes half of it in processor time, and
on two cores four workers take turns. A photo may have hundreds of faces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionOptions(PhotoOptions):
    """How to compare a photo with people; None leaves it to the configuration."""

    collection: str = DEFAULT_COLLECTION
    method: str | None = None
    top_k: int = 1
    """How many people to answer with."""
    threshold: float | None = None
    """The least similarity of a match."""
    metadata: Metadata | None = None
    """What the metadata of people must contain."""


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
    matched: Callable[[ProfileId], None] = lambda _: None
    """Told of everybody who is recognised."""

    async def execute(
        self, source: Source, options: RecognitionOptions, *, estimate: bool = True
    ) -> list[IdentifiedFace]:
        """One result a selected face; with FaceSelection.ALL there may be none.

        Args:
            source: a photo or an embedding.
            options: of the request.
            estimate: whether similarities that leave no doubt may be estimates.

        Raises:
            CollectionNotFound, ModelNotCalibrated, InvalidMetadata, and what SourceReader.read names.
        """
        if options.metadata is not None:
            metadata_filter(options.metadata)
        # Of a crowd nobody expects good portraits: there a bad one is searched for like the others.
        bounds = NO_BOUNDS if options.selection is FaceSelection.ALL else self.bounds
        faces = await self.reader.read(source, options, bounds, estimate=estimate)
        identified = [
            IdentifiedFace(face, None if face.refusal else await self._decide(face.embedding, options))
            for face in faces
        ]
        while doubtful := [place for place, found in enumerate(identified) if self._is_doubtful(found)]:
            estimated = [identified[place].face for place in doubtful]
            closer = await self.reader.closer(estimated, source, options, bounds)
            for place, face in zip(doubtful, closer, strict=True):
                identified[place] = IdentifiedFace(face, await self._decide(face.embedding, options))
        for found in identified:
            if found.decision is not None:
                self._note(found.face.embedding.model, found.decision)
        return identified

    def _is_doubtful(self, found: IdentifiedFace) -> bool:
        face, decision = found.face, found.decision
        return face.estimated and decision is not None and decision.doubtful(self.policy.margin, face.error)

    async def _decide(self, probe: Embedding, options: RecognitionOptions) -> Decision:
        """Who a probe is: at most `top_k` people, best first."""
        self.reader.workers.charge(SEARCH_S)
        method = METHODS[options.method or self.method]
        # The second person tells whether the first is ambiguous.
        people = max(options.top_k, 2)
        depth = people if method.name == "nearest" else max(people, RERANK_DEPTH)
        with stage(Stage.SEARCH):
            found = await self.gallery.search(probe, options.collection, depth, options.metadata)
        ranked = method.rank(probe, found.candidates)[:people]
        faces = {person.profile_id: len(person.faces) for person in found.candidates}
        comparisons = method.comparisons(faces[ranked[0].profile_id]) if ranked else 1
        # A filter by metadata leaves part of the people out of the search, and all of them in the gallery.
        enrolled = None if options.metadata else found.searched
        compared = None
        if ranked:
            nearest = nearest_embedding(ranked[0], found.candidates)
            compared = await self.calibration.compared(options.collection, probe, nearest, enrolled)
        threshold = self.policy.identification(
            probe.model, found.searched, options.threshold, comparisons, compared
        )
        return self.policy.decide(ranked, found.searched, threshold)

    def _note(self, model: str, decision: Decision) -> None:
        note_verdict(decision.verdict)
        note_decision(model, decision)
        if decision.verdict is Verdict.MATCH:
            self.matched(decision.people[0].profile_id)


@dataclass(frozen=True, slots=True)
class RecognizeFace:
    """Names the person in a photo, or nobody."""

    identify: Identify

    async def execute(self, source: Source, options: RecognitionOptions) -> tuple[AnalysedFace, Decision]:
        """The largest face and the decision on it, which is a match.

        Raises:
            NoMatch: nobody is similar enough.
            AmbiguousMatch: several people are, too nearly equal to tell.
            NoFaceDetected, and what Identify.execute names.
        """
        (identified,) = await self.identify.execute(source, options)
        decision = identified.decision
        if decision is None or decision.verdict is Verdict.UNKNOWN:
            raise NoMatch("Nobody who is registered is similar enough to this face.")
        if decision.verdict is Verdict.AMBIGUOUS:
            raise AmbiguousMatch(decision)
        return identified.face, decision


@dataclass(frozen=True, slots=True)
class DetectFaces:
    """Detects faces."""

    reader: SourceReader

    async def execute(
        self, photo: Photo, detection_model: str | None = None, min_face: int | None = None
    ) -> list[DetectedFace]:
        """All faces, best score first; perhaps none. For `min_face` see PhotoOptions."""
        detection = self.reader.models(PhotoOptions(detection_model=detection_model)).detection
        return await run_on_photo(
            self.reader.workers, self.reader.analyser.detect, photo.data, detection, min_face
        )


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
        detection = self.reader.models(PhotoOptions(detection_model=detection_model)).detection
        return await run_on_photo(
            self.reader.workers, self.reader.analyser.check_liveness, photo.data, detection
        )


@dataclass(frozen=True, slots=True)
class EmbedFaces:
    """Computes embeddings, for clients that keep their own gallery."""

    reader: SourceReader

    async def execute(
        self, photo: Photo, options: PhotoOptions
    ) -> tuple[list[AnalysedFace], Execution | None]:
        """The selected faces of a photo, and what has run the recogniser.

        With FaceSelection.ALL there may be no face, and then perhaps nothing has run yet.
        """
        faces = await self.reader.read(photo, options)
        return faces, self.reader.analyser.models.execution(self.reader.models(options).recognition)
