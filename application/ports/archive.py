"""Export and import of everything that is stored about enrolled people."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

from domain.faces import Embedding
from domain.metadata import Metadata
from domain.people import Face, FaceId, ProfileId

Id = TypeVar("Id", bound=int)

ArchiveId: TypeAlias = int | UUID
"""The id of a person or a face in an archive; a UUID in archives of format 1."""


@dataclass(frozen=True, slots=True)
class ArchivedPerson:
    """All that is stored of a person but their faces."""

    id: ProfileId
    name: str
    metadata: Metadata
    created_at: datetime
    last_matched_on: date | None = None
    """The day (UTC) of the last match, in collections that delete by it; not in archives."""


@dataclass(frozen=True, slots=True, eq=False)
class ArchivedFace:
    """A stored face with its embedding; `digest` and `crop` as in NewFace."""

    face: Face
    embedding: Embedding
    digest: bytes | None
    crop: bytes | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PersonToRestore:
    """A person in an archive."""

    id: ArchiveId
    name: str
    metadata: Metadata
    created_at: datetime | None = None
    """None if the archive doesn't say: then it is the time of the import."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceToRestore:
    """A face in an archive; `digest` and `crop` as in NewFace."""

    id: ArchiveId
    profile_id: ArchiveId
    detection_model: str
    embedding: Embedding
    digest: bytes | None
    crop: bytes | None
    created_at: datetime | None = None
    """As in PersonToRestore."""


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


class StoredPeople(Protocol):
    """Reads people and faces as they are stored. Every method raises Unavailable when the store does not answer."""

    async def collections(self) -> Sequence[str]:
        """The names of all collections, sorted."""

    async def greatest_ids(self) -> tuple[int, int]:
        """The greatest ids that have been given to people and to faces, also to those that are deleted."""

    async def person(self, collection: str, profile_id: ProfileId) -> ArchivedPerson | None:
        """The person with this id; None if there is none."""

    async def people(
        self, collection: str, limit: int, after: ProfileId | None = None
    ) -> Sequence[ArchivedPerson]:
        """At most `limit` people with ids greater than `after`, by ascending id."""

    async def faces(
        self,
        collection: str,
        limit: int,
        after: FaceId | None = None,
        *,
        crops: bool = True,
        profile_id: ProfileId | None = None,
    ) -> Sequence[ArchivedFace]:
        """At most `limit` faces with ids greater than `after`, by ascending id; of all people, or of one.

        `crop` is None unless `crops`.
        """


class Archive(StoredPeople, Protocol):
    """Reads and restores people and faces.

    Every method raises Unavailable when the store does not answer; those that write raise StorageFull.
    """

    def snapshot(self) -> AbstractAsyncContextManager[StoredPeople]:
        """What is stored at this moment, whatever is changed while it is read. One call of it at a time."""

    async def keep_ids(self, ids: ArchiveIds) -> bool:
        """Whether what is restored from this archive may keep its ids; if so, they are reserved for it.

        True if there is no person in any collection, or if the archive was the last one for which this was
        asked while there was none.
        """

    async def restore_people(
        self, collection: str, people: Sequence[PersonToRestore], *, keep_ids: bool
    ) -> Sequence[Restored[ProfileId]]:
        """Restore people into a collection in one transaction; the results are in the order of `people`.

        A person who exists is left unchanged: one of the same id if ids are kept, else one of the same name.
        The others keep their ids or get the next ones.

        Raises:
            CollectionNotFound: there is no such collection.
        """

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
