"""Archive of this process's memory."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from uuid import UUID

import numpy as np

from adapters.memory.store import InMemoryStore, Person, Record, Room, other_dimension
from application.ports.archive import ArchivedFace, Restored
from domain.errors import IdTaken, NameTaken, ProfileNotFound
from domain.faces import Embedding
from domain.people import Profile


class InMemoryArchive:
    """Implements Archive."""

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store

    async def faces(
        self, collection: str, limit: int, after: UUID | None = None, *, crops: bool = True
    ) -> list[ArchivedFace]:
        """See Archive.faces."""
        room = self._store.look(collection)
        records = islice(room.records(after), limit)
        return [_archived(room, record if crops else replace(record, crop=None)) for record in records]

    async def restore(
        self, collection: str, profiles: Sequence[Profile], faces: Sequence[ArchivedFace]
    ) -> Restored:
        """See Archive.restore."""
        room = self._store.room(collection)
        people = {person.id: person for person in profiles if person.id not in room.people}
        new = [face for face in faces if face.face.id not in room.faces]
        self._check(room, list(people.values()), new)
        for person in people.values():
            room.admit(Person(person.id, person.name, dict(person.metadata)))
        return Restored(len(people), sum(_restore(room, face) for face in new))

    def _check(self, room: Room, people: Sequence[Profile], faces: Sequence[ArchivedFace]) -> None:
        """All that `restore` may raise, before anything is changed."""
        for other in self._store.others(room.name):
            if any(person.id in other.people for person in people) or any(
                face.face.id in other.faces for face in faces
            ):
                raise IdTaken
        names = [person.name for person in people]
        if len(set(names)) < len(names) or any(name in room.by_name for name in names):
            raise NameTaken
        at_home = room.people.keys() | {person.id for person in people}
        lengths: dict[str, Embedding] = {}
        for face in faces:
            room.check(face.embedding)
            first = lengths.setdefault(face.embedding.model, face.embedding)
            if len(first.vector) != len(face.embedding.vector):
                raise other_dimension(face.embedding)
            if face.face.profile_id not in at_home:
                raise ProfileNotFound


def _restore(room: Room, archived: ArchivedFace) -> bool:
    """Whether it was new: the same face may come twice, or the same photo."""
    name = room.people[archived.face.profile_id].name
    record = Record(replace(archived.face, name=name, collection=room.name), archived.digest, archived.crop)
    if archived.face.id in room.faces or room.known(record):
        return False
    room.enrol(record, archived.embedding)
    return True


def _archived(room: Room, record: Record) -> ArchivedFace:
    face = record.face
    (vector,) = room.shelves[face.recognition_model].vectors([face.id])
    return ArchivedFace(face, Embedding(np.array(vector), face.recognition_model), record.digest, record.crop)
