"""EmbeddingRepository in memory."""

from collections.abc import Sequence
from itertools import islice

from typing_extensions import override

from adapters.memory.store import CollectionData, InMemoryAdapter, Person, StoredFace
from application.ports.faces import EmbeddingRepository, Enrolment, FaceFilter, NewFace
from domain.erasure import Removed
from domain.models import ModelChoice
from domain.people import Face, FaceId, PersonName, ProfileId


class InMemoryRepository(InMemoryAdapter, EmbeddingRepository):
    """Enrolled faces in dictionaries."""

    @override
    async def add(self, face: NewFace) -> Enrolment:
        collection = self._store.existing(face.collection)
        collection.check_length(face.embedding)
        person = self._person(collection, face.person)
        model = face.embedding.model
        new = Face(
            self._store.new_face_id(), person.id, person.name, model, face.detection_model, collection.name
        )
        stored = StoredFace(new, face.digest, face.crop, face.embedding.norm)
        if same := collection.same_photo(stored):
            return Enrolment(same, created=False)
        collection.add_face(stored, face.embedding)
        return Enrolment(new, created=True)

    def _person(self, collection: CollectionData, person: PersonName | ProfileId) -> Person:
        if not isinstance(person, str):
            return collection.person(person)
        if profile_id := collection.by_name.get(person):
            return collection.people[profile_id]
        return collection.add_person(Person(self._store.new_profile_id(), person, {}))

    @override
    async def enrolled(
        self, collection: str, models: ModelChoice, photos: Sequence[tuple[str, bytes]]
    ) -> list[Face | None]:
        data = self._store.or_empty(collection)

        def find(name: str, digest: bytes) -> Face | None:
            person = data.by_name.get(name)
            if person is None:
                return None
            face_id = data.photos.get((person, models.recognition, models.detection, digest))
            return data.faces[face_id].face if face_id else None

        return [find(*photo) for photo in photos]

    @override
    async def get(self, collection: str, face_id: FaceId) -> Face | None:
        stored = self._store.or_empty(collection).faces.get(face_id)
        return stored.face if stored else None

    @override
    async def list(self, where: FaceFilter, limit: int, after: FaceId | None = None) -> list[Face]:
        faces = (stored.face for stored in self._store.or_empty(where.collection).faces_after(after))
        return list(islice((face for face in faces if _meets(face, where)), limit))

    @override
    async def move(self, collection: str, face_id: FaceId, profile_id: ProfileId) -> Face | None:
        data = self._store.or_empty(collection)
        stored = data.faces.get(face_id)
        if stored is None:
            return None
        moved = data.move_face(face_id, data.person(profile_id))
        _remove_without_faces(data, stored.face.profile_id)
        return moved

    @override
    async def delete(self, collection: str, face_id: FaceId) -> Removed | None:
        data = self._store.or_empty(collection)
        stored = data.faces.get(face_id)
        if stored is None:
            return None
        data.remove_face(face_id)
        return Removed(_remove_without_faces(data, stored.face.profile_id), 1)

    @override
    async def ping(self) -> None:
        pass


def _remove_without_faces(collection: CollectionData, profile_id: ProfileId) -> int:
    """The number of people removed: 1, or 0 if they have another face."""
    person = collection.people[profile_id]
    if person.faces:
        return 0
    collection.remove_person(person)
    return 1


def _meets(face: Face, where: FaceFilter) -> bool:
    return (
        where.name in {None, face.name}
        and where.profile_id in {None, face.profile_id}
        and where.recognition_model in {None, face.recognition_model}
    )
