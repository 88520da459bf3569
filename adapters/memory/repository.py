"""EmbeddingRepository in this process's memory."""

from collections.abc import Sequence
from itertools import islice

from adapters.memory.store import InMemoryStore, Person, Record, Room
from application.ports.faces import Enrolment, FaceFilter, NewFace
from domain.models import ModelChoice
from domain.people import Face, FaceId, PersonName, ProfileId


class InMemoryRepository:
    """Implements EmbeddingRepository."""

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store

    async def add(self, face: NewFace) -> Enrolment:
        """See EmbeddingRepository.add."""
        room = self._store.room(face.collection)
        room.check(face.embedding)
        person = self._person(room, face.person)
        record = Record(
            Face(
                self._store.new_face_id(),
                person.id,
                person.name,
                face.embedding.model,
                face.detection_model,
                room.name,
            ),
            face.digest,
            face.crop,
            face.embedding.norm,
        )
        if known := room.known(record):
            return Enrolment(known, created=False)
        room.enrol(record, face.embedding)
        return Enrolment(record.face, created=True)

    def _person(self, room: Room, named: PersonName | ProfileId) -> Person:
        if not isinstance(named, str):
            return room.person(named)
        profile_id = room.by_name.get(named)
        return (
            room.people[profile_id]
            if profile_id
            else room.admit(Person(self._store.new_profile_id(), named, {}))
        )

    async def enrolled(
        self, collection: str, models: ModelChoice, photos: Sequence[tuple[str, bytes]]
    ) -> list[Face | None]:
        """See EmbeddingRepository.enrolled."""
        room = self._store.look(collection)

        def known(name: str, digest: bytes) -> Face | None:
            person = room.by_name.get(name)
            if person is None:
                return None
            face_id = room.photos.get((person, models.recognition, models.detection, digest))
            return room.faces[face_id].face if face_id else None

        return [known(*photo) for photo in photos]

    async def get(self, collection: str, face_id: FaceId) -> Face | None:
        """See EmbeddingRepository.get."""
        record = self._store.look(collection).faces.get(face_id)
        return record.face if record else None

    async def list(self, where: FaceFilter, limit: int, after: FaceId | None = None) -> list[Face]:
        """See EmbeddingRepository.list."""
        faces = (record.face for record in self._store.look(where.collection).records(after))
        return list(islice((face for face in faces if _meets(face, where)), limit))

    async def move(self, collection: str, face_id: FaceId, profile_id: ProfileId) -> Face | None:
        """See EmbeddingRepository.move."""
        room = self._store.look(collection)
        record = room.faces.get(face_id)
        if record is None:
            return None
        moved = room.give(face_id, room.person(profile_id))
        _dismiss_without_faces(room, record.face.profile_id)
        return moved

    async def delete(self, collection: str, face_id: FaceId) -> bool:
        """See EmbeddingRepository.delete."""
        room = self._store.look(collection)
        record = room.faces.get(face_id)
        if record is None:
            return False
        room.forget(face_id)
        _dismiss_without_faces(room, record.face.profile_id)
        return True

    async def ping(self) -> None:
        """See EmbeddingRepository.ping: memory always answers."""


def _dismiss_without_faces(room: Room, profile_id: ProfileId) -> None:
    person = room.people[profile_id]
    if not person.faces:
        room.dismiss(person)


def _meets(face: Face, where: FaceFilter) -> bool:
    return (
        where.name in {None, face.name}
        and where.profile_id in {None, face.profile_id}
        and where.recognition_model in {None, face.recognition_model}
    )
