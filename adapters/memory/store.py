"""The data that the adapters of this package share.

They serve one event loop. No method awaits between first reading the data and last changing it, so that none
needs a lock; only the arithmetic of a search leaves the loop.
"""

from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import count, islice
from typing import TypeAlias, TypeVar

from adapters.memory.vector_table import VectorTable
from domain.errors import CollectionNotFound, InvalidEmbedding, ProfileNotFound
from domain.faces import Embedding
from domain.metadata import Metadata
from domain.people import DEFAULT_COLLECTION, Face, FaceId, Profile, ProfileId
from domain.retention import Retention, RetentionFrom

Id = TypeVar("Id", bound=int)


def _now() -> datetime:
    return datetime.now(UTC)


PhotoKey: TypeAlias = tuple[ProfileId, str, str, bytes]
"""What is enrolled once: a person's photo (digest) by a recognition and a detection model."""


@dataclass(slots=True)
class Person:
    """A profile and the ids of its faces."""

    id: ProfileId
    name: str
    metadata: Metadata
    faces: set[FaceId] = field(default_factory=set)
    created_at: datetime = field(default_factory=_now)
    last_matched_on: date | None = None


@dataclass(frozen=True, slots=True, eq=False)
class StoredFace:
    """All that is stored of a face but its vector."""

    face: Face
    digest: bytes | None
    crop: bytes | None
    norm: float | None
    """See Embedding.norm."""
    created_at: datetime = field(default_factory=_now)

    @property
    def photo(self) -> PhotoKey | None:
        """None without a photo."""
        return self.photo_under(self.face.recognition_model)

    def photo_under(self, model: str) -> PhotoKey | None:
        """The key of the same photo's face by another recognition model."""
        if self.digest is None:
            return None
        return self.face.profile_id, model, self.face.detection_model, self.digest


class CollectionData:
    """The people and faces of one collection."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.retention = Retention()
        self.matches_since: datetime | None = None
        """Since when days are counted from the last match."""
        self.people: dict[ProfileId, Person] = {}
        self.by_name: dict[str, ProfileId] = {}
        self.people_ids: list[ProfileId] = []
        self.faces: dict[FaceId, StoredFace] = {}
        self.face_ids: list[FaceId] = []
        self.photos: dict[PhotoKey, FaceId] = {}
        self.tables: dict[str, VectorTable] = {}
        """By recognition model."""

    def keep_for(self, retention: Retention) -> None:
        """Change how long people are kept."""
        if retention.since is not RetentionFrom.LAST_MATCH:
            self.matches_since = None
        elif self.retention.since is not RetentionFrom.LAST_MATCH:
            self.matches_since = _now()
        self.retention = retention

    def person(self, profile_id: ProfileId) -> Person:
        """Raises ProfileNotFound."""
        try:
            return self.people[profile_id]
        except KeyError:
            raise ProfileNotFound from None

    def profile(self, person: Person) -> Profile:
        """The domain's view of a person."""
        return Profile(person.id, self.name, person.name, dict(person.metadata), len(person.faces))

    def add_person(self, person: Person) -> Person:
        """`person` must have a new name."""
        self.people[person.id] = person
        self.by_name[person.name] = person.id
        insort(self.people_ids, person.id)
        return person

    def rename(self, person: Person, name: str) -> None:
        """`name` must be free."""
        del self.by_name[person.name]
        person.name = name
        self.by_name[name] = person.id
        for face_id in person.faces:
            stored = self.faces[face_id]
            self.faces[face_id] = replace(stored, face=replace(stored.face, name=name))

    def remove_person(self, person: Person) -> None:
        """Remove a person and all their faces."""
        for face_id in list(person.faces):
            self.remove_face(face_id)
        del self.people[person.id], self.by_name[person.name]
        del self.people_ids[bisect_right(self.people_ids, person.id) - 1]

    def check_length(self, embedding: Embedding) -> None:
        """Raises InvalidEmbedding if the enrolled embeddings of the model have another length."""
        table = self.tables.get(embedding.model)
        if table is not None and table.dimensions != len(embedding.vector):
            raise InvalidEmbedding.of_length(len(embedding.vector), embedding.model)

    def same_photo(self, stored: StoredFace) -> Face | None:
        """The face of the same person, photo and models."""
        face_id = self.photos.get(stored.photo) if stored.photo else None
        return self.faces[face_id].face if face_id else None

    def add_face(self, stored: StoredFace, embedding: Embedding) -> None:
        """The person must exist, the photo be new, and the embedding's length be checked."""
        face = stored.face
        table = self.tables.setdefault(face.recognition_model, VectorTable(len(embedding.vector)))
        table.add(face, embedding.vector)
        self.people[face.profile_id].faces.add(face.id)
        self.faces[face.id] = stored
        insort(self.face_ids, face.id)
        if stored.photo:
            self.photos[stored.photo] = face.id

    def remove_face(self, face_id: FaceId) -> None:
        """Remove a face; its person stays."""
        stored = self.faces.pop(face_id)
        face = stored.face
        del self.face_ids[bisect_right(self.face_ids, face_id) - 1]
        self.people[face.profile_id].faces.remove(face_id)
        if stored.photo:
            del self.photos[stored.photo]
        table = self.tables[face.recognition_model]
        table.remove(face)
        if not table:
            del self.tables[face.recognition_model]

    def move_face(self, face_id: FaceId, target: Person) -> Face:
        """Assign a face to a person; it is removed if they have a face of the same photo, which is returned."""
        stored = self.faces[face_id]
        moved = replace(stored, face=replace(stored.face, profile_id=target.id, name=target.name))
        if same := self.same_photo(moved):
            if same.id != face_id:
                self.remove_face(face_id)
            return same
        self.people[stored.face.profile_id].faces.remove(face_id)
        target.faces.add(face_id)
        self.tables[stored.face.recognition_model].reassign(stored.face, target.id)
        if stored.photo and moved.photo:
            del self.photos[stored.photo]
            self.photos[moved.photo] = face_id
        self.faces[face_id] = moved
        return moved.face

    def faces_after(self, after: FaceId | None = None) -> Iterator[StoredFace]:
        """Faces with greater ids, by ascending id."""
        return (self.faces[face_id] for face_id in ids_after(self.face_ids, after))


class InMemoryStore:
    """All collections, as long as the process runs."""

    def __init__(self) -> None:
        self._profile_ids, self._face_ids = count(1), count(1)
        self.archive_with_ids: str | None = None
        """The archive whose ids are kept: see Archive.keep_ids."""
        self.collections = {DEFAULT_COLLECTION: CollectionData(DEFAULT_COLLECTION)}

    def existing(self, collection: str) -> CollectionData:
        """Raises CollectionNotFound."""
        try:
            return self.collections[collection]
        except KeyError:
            raise CollectionNotFound from None

    def or_empty(self, collection: str) -> CollectionData:
        """The collection, or an empty one that is not stored."""
        return self.collections.get(collection) or CollectionData(collection)

    def new_profile_id(self) -> ProfileId:
        """The next id; none is given twice."""
        return ProfileId(next(self._profile_ids))

    def new_face_id(self) -> FaceId:
        """The next id; none is given twice."""
        return FaceId(next(self._face_ids))

    def greatest_ids(self) -> tuple[int, int]:
        """Ids of people and faces that are greater than all given so far, and are now given to nobody."""
        return next(self._profile_ids), next(self._face_ids)

    def reserve_ids(self, people: int, faces: int) -> None:
        """Give only greater ids than these from now on."""
        self._profile_ids = count(max(people + 1, next(self._profile_ids)))
        self._face_ids = count(max(faces + 1, next(self._face_ids)))


class InMemoryAdapter:
    """What the adapters of this package have in common."""

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store


def ids_after(ids: list[Id], after: Id | None) -> Iterator[Id]:
    """The greater ones of sorted ids."""
    return islice(ids, 0 if after is None else bisect_right(ids, after), None)
