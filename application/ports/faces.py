"""Enrolled faces, and the storage that keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.faces import Embedding
from domain.models import ModelChoice
from domain.people import DEFAULT_COLLECTION, Face, FaceId, PersonName, ProfileId


@dataclass(frozen=True, slots=True, eq=False)
class NewFace:
    """A face to enrol."""

    collection: str
    person: PersonName | ProfileId
    """A name gets a profile if it has none; an id must have one."""
    embedding: Embedding
    detection_model: str
    digest: bytes | None = None
    """SHA-256 of the photo, 32 bytes; None when it was enrolled from an embedding."""
    crop: bytes | None = None
    """The encoded aligned crop, if it is to be kept; it goes with the face."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What became of a NewFace."""

    face: Face
    created: bool
    """False: the person had this photo's face already, by the same models, and nothing was changed."""


@dataclass(frozen=True, slots=True)
class FaceFilter:
    """Which faces to list; None asks nothing."""

    collection: str = DEFAULT_COLLECTION
    name: str | None = None
    profile_id: ProfileId | None = None
    recognition_model: str | None = None


class EmbeddingRepository(Protocol):
    """Faces of people. All methods may be called concurrently.

    Each raises Unavailable when the store does not answer. What is in another collection is not there.
    """

    async def add(self, face: NewFace) -> Enrolment:
        """Enrol a face; it is durable when this returns. Names are compared exactly.

        The same photo, by its digest, is enrolled once for a person, recogniser and detector.

        Raises:
            CollectionNotFound, ProfileNotFound: there is no such collection, or no such person in it.
            InvalidEmbedding: the collection's faces of this model have another dimension.
        """
        ...

    async def enrolled(
        self, collection: str, models: ModelChoice, photos: Sequence[tuple[str, bytes]]
    ) -> Sequence[Face | None]:
        """For each person's name and photo's digest the face that `add` would answer with, if it is there."""
        ...

    async def get(self, collection: str, face_id: FaceId) -> Face | None:
        """The face, if the collection has it."""
        ...

    async def list(self, where: FaceFilter, limit: int, after: FaceId | None = None) -> list[Face]:
        """At most `limit` faces with ids greater than `after`, oldest (smallest id) first."""
        ...

    async def move(self, collection: str, face_id: FaceId, profile_id: ProfileId) -> Face | None:
        """Give a face to another person of its collection; None when there is no such face.

        The old profile goes with its last face. A person who has the same photo already keeps that face,
        which is the answer, and the moved one is forgotten.

        Raises:
            ProfileNotFound: the face is there and the person isn't.
        """
        ...

    async def delete(self, collection: str, face_id: FaceId) -> bool:
        """Delete a face, and its profile with its last face; False when there is no such face."""
        ...

    async def ping(self) -> None:
        """Return when the store can answer."""
        ...
