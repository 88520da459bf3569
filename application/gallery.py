"""The use cases on people and their faces: register, recognize, list, delete."""

from dataclasses import dataclass
from uuid import UUID

from application.analysis import FaceSelection
from application.decisions import DecisionPolicy
from application.ports.repository import EmbeddingRepository, FaceFilter
from application.sources import Source, SourceReader
from domain.errors import FaceNotFound, NoMatch
from domain.people import Face, Match, person_name


@dataclass(frozen=True, slots=True)
class RegisterFace:
    """Enrols the face in a photo under a person's name."""

    reader: SourceReader
    repository: EmbeddingRepository

    async def execute(
        self,
        name: str,
        source: Source,
        *,
        detection_model: str | None = None,
        recognition_model: str | None = None,
        selection: FaceSelection = FaceSelection.SINGLE,
    ) -> Face:
        """The enrolled face; it is durable when this returns. The photo is not kept.

        Raises:
            InvalidName, UnknownModel, Busy, and all that SourceReader.read raises.
        """
        person = person_name(name)
        choice = self.reader.choose(detection_model, recognition_model)
        face = await self.reader.read_one(source, choice, selection)
        return await self.repository.add(person, face.embedding, choice.detection)


@dataclass(frozen=True, slots=True)
class RecognizeFace:
    """Finds whose face a photo shows."""

    reader: SourceReader
    repository: EmbeddingRepository
    policy: DecisionPolicy

    async def execute(
        self,
        source: Source,
        *,
        detection_model: str | None = None,
        recognition_model: str | None = None,
        threshold: float | None = None,
    ) -> Match:
        """The nearest person to the largest face, if near enough.

        `threshold` is the least cosine similarity of a match; None leaves it to the model.

        Raises:
            NoMatch: nobody is that similar.
            UnknownModel, Busy, and all that SourceReader.read raises.
        """
        choice = self.reader.choose(detection_model, recognition_model)
        face = await self.reader.read_one(source, choice, FaceSelection.LARGEST)
        least = self.policy.verification(choice.recognition, threshold)
        matches = await self.repository.search(face.embedding, limit=1)
        if not matches or matches[0].similarity < least.similarity:
            raise NoMatch("Nobody who is registered is similar enough to this face.")
        return matches[0]


@dataclass(frozen=True, slots=True)
class FacePage:
    """Part of a listing."""

    faces: list[Face]
    next: UUID | None
    """Where the following page starts; None when this is the last."""


@dataclass(frozen=True, slots=True)
class ListFaces:
    """Lists enrolled faces, oldest first."""

    repository: EmbeddingRepository

    async def execute(self, where: FaceFilter, limit: int, after: UUID | None = None) -> FacePage:
        """At most `limit` faces behind `after`."""
        faces = await self.repository.list(where, limit + 1, after)
        more = len(faces) > limit
        return FacePage(faces[:limit], faces[limit - 1].id if more else None)


@dataclass(frozen=True, slots=True)
class DeleteFace:
    """Forgets a face, and its person with their last face."""

    repository: EmbeddingRepository

    async def execute(self, face_id: UUID) -> None:
        """The face is gone when this returns.

        Raises:
            FaceNotFound: there is no such face.
        """
        if not await self.repository.delete(face_id):
            raise FaceNotFound("No registered face has this id.")
