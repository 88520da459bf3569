"""Enrolled faces and their repository."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.erasure import Removed
from domain.faces import Embedding
from domain.models import ModelChoice
from domain.people import DEFAULT_COLLECTION, Face, FaceId, PersonName, ProfileId


@dataclass(frozen=True, slots=True, eq=False)
class NewFace:
    """A face to enrol."""

    collection: str
    person: PersonName | ProfileId
    """A name that is new creates a person; an id must exist."""
    embedding: Embedding
    detection_model: str
    digest: bytes | None = None
    """SHA-256 of the photo (32 bytes); None for an embedding without a photo."""
    crop: bytes | None = None
    """The encoded aligned crop, if it is to be stored; it is deleted with the face."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The result of enrolling a face."""

    face: Face
    created: bool
    """False if the person had a face of this photo by the same models already; then nothing was changed."""


@dataclass(frozen=True, slots=True)
class FaceFilter:
    """Conditions that listed faces meet; None is no condition."""

    collection: str = DEFAULT_COLLECTION
    name: str | None = None
    profile_id: ProfileId | None = None
    recognition_model: str | None = None


class EmbeddingRepository(Protocol):
    """Enrolled faces. All methods may be called concurrently, and see one collection only.

    Every method raises Unavailable when the store does not answer; `add` and `move` raise StorageFull when it
    has no room left.
    """

    async def add(self, face: NewFace) -> Enrolment:
        """Enrol a face; it is durable when this returns. Names are compared exactly.

        A photo (its digest) is enrolled once per person, recogniser and detector.

        Raises:
            CollectionNotFound, ProfileNotFound: the collection, or the person in it, does not exist.
            InvalidEmbedding: the collection's faces of this model have another dimension.
        """

    async def enrolled(
        self, collection: str, models: ModelChoice, photos: Sequence[tuple[str, bytes]]
    ) -> Sequence[Face | None]:
        """For each pair of a name and a digest the face that `add` would find enrolled, or None."""

    async def get(self, collection: str, face_id: FaceId) -> Face | None:
        """The face of this id."""

    async def list(self, where: FaceFilter, limit: int, after: FaceId | None = None) -> list[Face]:
        """At most `limit` faces with ids greater than `after`, by ascending id (oldest first)."""

    async def move(self, collection: str, face_id: FaceId, profile_id: ProfileId) -> Face | None:
        """Assign a face to another person of its collection; None if there is no such face.

        The former person is deleted with their last face. If the new person has a face of the same photo
        already, that one is returned and the moved one deleted.

        Raises:
            ProfileNotFound: the face exists and the person does not.
        """

    async def delete(self, collection: str, face_id: FaceId) -> Removed | None:
        """Delete a face, and its person with their last face; None if there is no such face."""

    async def ping(self) -> None:
        """Return if the store can read and write.

        Raises:
            StorageFull: it answers, but has no room for new data.
        """
