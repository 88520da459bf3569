"""What the adapters of this package share: collections, each a world of its own.

They serve one event loop. No method awaits between its first look at the state and its last change of it, so
that none needs a lock; only the arithmetic of a search leaves the loop.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypeAlias
from uuid import UUID

from adapters.memory.shelf import Shelf
from domain.errors import CollectionNotFound, InvalidEmbedding, ProfileNotFound
from domain.faces import Embedding
from domain.metadata import Metadata
from domain.people import DEFAULT_COLLECTION, Face, Profile

Photo: TypeAlias = tuple[UUID, str, str, bytes]
"""A person, the models, and the digest of a photo."""


@dataclass(slots=True)
class Person:
    """A profile and the ids of its faces."""

    id: UUID
    name: str
    metadata: Metadata
    faces: set[UUID] = field(default_factory=set)


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What is kept of a face beside its vector."""

    face: Face
    digest: bytes | None
    crop: bytes | None

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
        self.people: dict[UUID, Person] = {}
        self.by_name: dict[str, UUID] = {}
        self.people_ids: list[UUID] = []
        self.faces: dict[UUID, Record] = {}
        self.face_ids: list[UUID] = []
        self.photos: dict[Photo, UUID] = {}
        self.shelves: dict[str, Shelf] = {}

    def person(self, profile_id: UUID) -> Person:
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

    def forget(self, face_id: UUID) -> None:
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

    def give(self, face_id: UUID, target: Person) -> Face:
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

    def records(self, after: UUID | None) -> Iterator[Record]:
        """Those with greater ids, smallest first."""
        return (self.faces[face_id] for face_id in behind(self.face_ids, after))


class InMemoryStore:
    """All collections; gone when the process ends."""

    def __init__(self, new_id: Callable[[], UUID]) -> None:
        self.new_id = new_id
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

    def others(self, collection: str) -> Iterable[Room]:
        """All collections but this."""
        return (room for name, room in self.rooms.items() if name != collection)


def behind(ids: list[UUID], after: UUID | None) -> Iterator[UUID]:
    """Of sorted ids, those that are greater."""
    return islice(ids, 0 if after is None else bisect_right(ids, after), None)


def other_dimension(embedding: Embedding) -> InvalidEmbedding:
    """What is said to an embedding whose length isn't the model's."""
    return InvalidEmbedding(
        f"An embedding of {len(embedding.vector)} numbers is not of the length that is enrolled"
        f" for the model {embedding.model}."
    )
