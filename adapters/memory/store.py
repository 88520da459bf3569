"""What the adapters of this package share: collections, each a world of its own.

They serve one event loop. No method awaits between its first look at the state and its last change of it, so
that none needs a lock; only the arithmetic of a search leaves the loop.
"""

from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count, islice
from typing import TypeAlias, TypeVar

from adapters.memory.shelf import Shelf
from domain.errors import CollectionNotFound, InvalidEmbedding, ProfileNotFound
from domain.faces import Embedding
from domain.metadata import Metadata
from domain.people import DEFAULT_COLLECTION, Face, FaceId, Profile, ProfileId

Id = TypeVar("Id", bound=int)

Photo: TypeAlias = tuple[ProfileId, str, str, bytes]
"""A person, the models, and the digest of a photo."""


@dataclass(slots=True)
class Person:
    """A profile and the ids of its faces."""

    id: ProfileId
    name: str
    metadata: Metadata
    faces: set[FaceId] = field(default_factory=set)


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What is kept of a face beside its vector."""

    face: Face
    digest: bytes | None
    crop: bytes | None
    norm: float | None
    """See Embedding.norm."""

    @property
    def photo(self) -> Photo | None:
        """By what it is known again."""
        face = self.face
        if self.digest is None:
            return None
        return face.profile_id, face.recognition_model, face.detection_model, self.digest


class Room:
    """One collection."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.people: dict[ProfileId, Person] = {}
        self.by_name: dict[str, ProfileId] = {}
        self.people_ids: list[ProfileId] = []
        self.faces: dict[FaceId, Record] = {}
        self.face_ids: list[FaceId] = []
        self.photos: dict[Photo, FaceId] = {}
        self.shelves: dict[str, Shelf] = {}

    def person(self, profile_id: ProfileId) -> Person:
        """Raises ProfileNotFound."""
        try:
            return self.people[profile_id]
        except KeyError:
            raise ProfileNotFound from None

    def profile(self, person: Person) -> Profile:
        """What is told of a person."""
        return Profile(person.id, self.name, person.name, dict(person.metadata), len(person.faces))

    def admit(self, person: Person) -> Person:
        """A new person, of a new name."""
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
            record = self.faces[face_id]
            self.faces[face_id] = replace(record, face=replace(record.face, name=name))

    def dismiss(self, person: Person) -> None:
        """A person who has no faces any more."""
        del self.people[person.id], self.by_name[person.name]
        del self.people_ids[bisect_right(self.people_ids, person.id) - 1]

    def check(self, embedding: Embedding) -> None:
        """Raises InvalidEmbedding, if the model's faces have another dimension."""
        shelf = self.shelves.get(embedding.model)
        if shelf is not None and shelf.dimensions != len(embedding.vector):
            raise other_dimension(embedding)

    def known(self, record: Record) -> Face | None:
        """The face that its person has of the same photo."""
        face_id = self.photos.get(record.photo) if record.photo else None
        return self.faces[face_id].face if face_id else None

    def enrol(self, record: Record, embedding: Embedding) -> None:
        """The person is there, the photo is new, and the embedding was checked."""
        face = record.face
        shelf = self.shelves.setdefault(face.recognition_model, Shelf(len(embedding.vector)))
        shelf.add(face, embedding.vector)
        self.people[face.profile_id].faces.add(face.id)
        self.faces[face.id] = record
        insort(self.face_ids, face.id)
        if record.photo:
            self.photos[record.photo] = face.id

    def forget(self, face_id: FaceId) -> None:
        """Remove a face; its person stays."""
        record = self.faces.pop(face_id)
        face = record.face
        del self.face_ids[bisect_right(self.face_ids, face_id) - 1]
        self.people[face.profile_id].faces.remove(face_id)
        if record.photo:
            del self.photos[record.photo]
        shelf = self.shelves[face.recognition_model]
        shelf.remove(face)
        if not shelf:
            del self.shelves[face.recognition_model]

    def give(self, face_id: FaceId, target: Person) -> Face:
        """Make a face somebody's; it is forgotten for the face that they have of the same photo."""
        record = self.faces[face_id]
        given = replace(record, face=replace(record.face, profile_id=target.id, name=target.name))
        if kept := self.known(given):
            if kept.id != face_id:
                self.forget(face_id)
            return kept
        self.people[record.face.profile_id].faces.remove(face_id)
        target.faces.add(face_id)
        self.shelves[record.face.recognition_model].give(record.face, target.id)
        if record.photo and given.photo:
            del self.photos[record.photo]
            self.photos[given.photo] = face_id
        self.faces[face_id] = given
        return given.face

    def records(self, after: FaceId | None) -> Iterator[Record]:
        """Those with greater ids, smallest first."""
        return (self.faces[face_id] for face_id in behind(self.face_ids, after))


class InMemoryStore:
    """All collections; gone when the process ends."""

    def __init__(self) -> None:
        self._ids_of_people, self._ids_of_faces = count(1), count(1)
        self.kept_archive: str | None = None
        """The archive whose ids are kept here: see Archive.keep_ids."""
        self.rooms = {DEFAULT_COLLECTION: Room(DEFAULT_COLLECTION)}

    def room(self, collection: str) -> Room:
        """Raises CollectionNotFound."""
        try:
            return self.rooms[collection]
        except KeyError:
            raise CollectionNotFound from None

    def look(self, collection: str) -> Room:
        """The collection, or an empty one in its stead."""
        return self.rooms.get(collection) or Room(collection)

    def new_profile_id(self) -> ProfileId:
        """The next one; none is given twice."""
        return ProfileId(next(self._ids_of_people))

    def new_face_id(self) -> FaceId:
        """The next one; none is given twice."""
        return FaceId(next(self._ids_of_faces))

    def reserve(self, people: int, faces: int) -> None:
        """Give no ids up to these any more."""
        self._ids_of_people = count(max(people + 1, next(self._ids_of_people)))
        self._ids_of_faces = count(max(faces + 1, next(self._ids_of_faces)))


def behind(ids: list[Id], after: Id | None) -> Iterator[Id]:
    """Of sorted ids, those that are greater."""
    return islice(ids, 0 if after is None else bisect_right(ids, after), None)


def other_dimension(embedding: Embedding) -> InvalidEmbedding:
    """What is said to an embedding whose length isn't the model's."""
    return InvalidEmbedding(
        f"An embedding of {len(embedding.vector)} numbers is not of the length that is enrolled"
        f" for the model {embedding.model}."
    )
