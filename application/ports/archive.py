"""Everything about enrolled people, for moving an instance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain.faces import Embedding
from domain.people import Face, Profile


@dataclass(frozen=True, slots=True, eq=False)
class ArchivedFace:
    """A face with all that is stored of it."""

    face: Face
    embedding: Embedding
    digest: bytes | None
    """See NewFace."""
    crop: bytes | None
    """See NewFace."""


@dataclass(frozen=True, slots=True)
class Restored:
    """How many were not there before."""

    profiles: int
    faces: int


class Archive(Protocol):
    """Faces out and in, with their vectors and ids; people come from ProfileRepository.list.

    Each method raises Unavailable when the store does not answer.
    """

    async def faces(
        self, collection: str, limit: int, after: UUID | None = None, *, crops: bool = True
    ) -> list[ArchivedFace]:
        """At most `limit` faces with ids greater than `after`, smallest id first; without `crops`, none has one."""
        ...

    async def restore(
        self, collection: str, profiles: Sequence[Profile], faces: Sequence[ArchivedFace]
    ) -> Restored:
        """Put people and faces back into a collection, whichever they are from; all or nothing.

        What is there already, by id, stays as it is, so that a restoration may be repeated; likewise a face
        whose person has the same photo. A face's profile is among `profiles` or in the collection.

        Raises:
            CollectionNotFound, ProfileNotFound: the collection, or a face's profile in it, is not there.
            NameTaken: a name belongs to a person with another id.
            IdTaken: an id is in another collection.
            InvalidEmbedding: a model's faces in the collection have another dimension.
        """
        ...
