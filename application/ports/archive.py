"""Everything about enrolled people, for moving an instance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

from domain.faces import Embedding
from domain.metadata import Metadata
from domain.people import Face, FaceId, ProfileId

Id = TypeVar("Id", bound=int)

ArchiveId: TypeAlias = int | UUID
"""The id that a person or a face had where an archive was written; a UUID in archives of format 1."""


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
class PersonToRestore:
    """A person of an archive."""

    id: ArchiveId
    name: str
    metadata: Metadata


@dataclass(frozen=True, slots=True, eq=False)
class FaceToRestore:
    """A face of an archive."""

    id: ArchiveId
    profile_id: ArchiveId
    detection_model: str
    embedding: Embedding
    digest: bytes | None
    """See NewFace."""
    crop: bytes | None
    """See NewFace."""


@dataclass(frozen=True, slots=True)
class ArchiveIds:
    """The integer ids of an archive."""

    archive: str
    """What tells the archive from all others."""
    greatest_profile_id: int
    greatest_face_id: int


@dataclass(frozen=True, slots=True)
class Restored(Generic[Id]):
    """What a person or a face of an archive is here."""

    id: Id
    created: bool
    """False: it was here already, and nothing was changed."""


class Archive(Protocol):
    """Faces out and in, with their vectors; people come from ProfileRepository.list.

    Each method raises Unavailable when the store does not answer.
    """

    async def faces(
        self, collection: str, limit: int, after: FaceId | None = None, *, crops: bool = True
    ) -> list[ArchivedFace]:
        """At most `limit` faces with ids greater than `after`, smallest id first; without `crops`, none has one."""
        ...

    async def keep_ids(self, ids: ArchiveIds) -> bool:
        """Whether what is restored from an archive may have the ids that it has there.

        True if nobody is in any collection, or if this was asked for the same archive when nobody was, and for
        no other since. From then on its ids are given to nobody else.
        """
        ...

    async def restore_people(
        self, collection: str, people: Sequence[PersonToRestore], *, keep_ids: bool
    ) -> Sequence[Restored[ProfileId]]:
        """Put people back into a collection, whichever they are from; all or nothing.

        Who is there already stays as they are: a person of the same name; if ids are kept, before that, one of
        the same id. Others get the next ids, or keep theirs.

        Raises:
            CollectionNotFound: the collection isn't there.
        """
        ...

    async def restore_faces(
        self,
        collection: str,
        faces: Sequence[FaceToRestore],
        owners: Sequence[ProfileId],
        *,
        keep_ids: bool,
    ) -> Sequence[Restored[FaceId]]:
        """Put faces back into a collection; all or nothing.

        What is there already stays as it is: a face of the same person, models and photo, by its digest; of
        faces that were enrolled from embeddings, one of the same id if ids are kept, and one of the same
        person, models and embedding if they aren't. If ids are kept, a face of the same id comes before all.

        Args:
            collection: whichever they are from.
            faces: those of an archive.
            owners: whose each face is here.
            keep_ids: see `keep_ids`.

        Raises:
            CollectionNotFound, ProfileNotFound: the collection, or an owner in it, is not there.
            InvalidEmbedding: a model's faces in the collection have another dimension.
        """
        ...
