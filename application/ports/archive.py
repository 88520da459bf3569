"""Export and import of everything that is stored about enrolled people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

from domain.faces import Embedding
from domain.metadata import Metadata
from domain.people import Face, FaceId, ProfileId

Id = TypeVar("Id", bound=int)

ArchiveId: TypeAlias = int | UUID
"""The id of a person or a face in an archive; a UUID in archives of format 1."""


@dataclass(frozen=True, slots=True, eq=False)
class ArchivedFace:
    """A stored face with its embedding; `digest` and `crop` as in NewFace."""

    face: Face
    embedding: Embedding
    digest: bytes | None
    crop: bytes | None


@dataclass(frozen=True, slots=True)
class PersonToRestore:
    """A person in an archive."""

    id: ArchiveId
    name: str
    metadata: Metadata


@dataclass(frozen=True, slots=True, eq=False)
class FaceToRestore:
    """A face in an archive; `digest` and `crop` as in NewFace."""

    id: ArchiveId
    profile_id: ArchiveId
    detection_model: str
    embedding: Embedding
    digest: bytes | None
    crop: bytes | None


@dataclass(frozen=True, slots=True)
class ArchiveIds:
    """The range of an archive's integer ids."""

    archive: str
    """Identifies the archive: a hash of its manifest."""
    greatest_profile_id: int
    greatest_face_id: int


@dataclass(frozen=True, slots=True)
class Restored(Generic[Id]):
    """The person or face in this store that stands for one in an archive."""

    id: Id
    created: bool
    """False if it was stored before; then nothing was changed."""


class Archive(Protocol):
    """Reads and restores faces with their embeddings; people are read with ProfileRepository.list.

    Every method raises Unavailable when the store does not answer; those that write raise StorageFull.
    """

    async def faces(
        self, collection: str, limit: int, after: FaceId | None = None, *, crops: bool = True
    ) -> list[ArchivedFace]:
        """At most `limit` faces with ids greater than `after`, by ascending id; `crop` is None unless `crops`."""
        ...

    async def keep_ids(self, ids: ArchiveIds) -> bool:
        """Whether what is restored from this archive may keep its ids; if so, they are reserved for it.

        True if there is no person in any collection, or if the archive was the last one for which this was
        asked while there was none.
        """
        ...

    async def restore_people(
        self, collection: str, people: Sequence[PersonToRestore], *, keep_ids: bool
    ) -> Sequence[Restored[ProfileId]]:
        """Restore people into a collection in one transaction; the results are in the order of `people`.

        A person who exists is left unchanged: one of the same id if ids are kept, else one of the same name.
        The others keep their ids or get the next ones.

        Raises:
            CollectionNotFound: there is no such collection.
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
        """Restore faces into a collection in one transaction; the results are in the order of `faces`.

        A face that exists is left unchanged. It is recognised by its id if ids are kept, else by person, models
        and photo (its digest); without a digest, and if ids are not kept, by person, models and embedding.

        Args:
            collection: where they go, whatever collection the archive has them in.
            faces: the faces.
            owners: for each face, the id of its person in this store.
            keep_ids: what `keep_ids` answered.

        Raises:
            CollectionNotFound, ProfileNotFound: the collection, or an owner in it, does not exist.
            InvalidEmbedding: the collection's faces of the model have another dimension.
        """
        ...
