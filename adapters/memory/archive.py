"""Archive of this process's memory."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from adapters.memory.store import InMemoryStore, Person, Record, Room, other_dimension
from application.ports.archive import ArchivedFace, ArchiveIds, FaceToRestore, PersonToRestore, Restored
from domain.faces import Embedding
from domain.people import Face, FaceId, ProfileId


class InMemoryArchive:
    """Implements Archive."""

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store

    async def faces(
        self, collection: str, limit: int, after: FaceId | None = None, *, crops: bool = True
    ) -> list[ArchivedFace]:
        """See Archive.faces."""
        room = self._store.look(collection)
        records = islice(room.records(after), limit)
        return [_archived(room, record if crops else replace(record, crop=None)) for record in records]

    async def keep_ids(self, ids: ArchiveIds) -> bool:
        """See Archive.keep_ids."""
        store = self._store
        if not any(room.people for room in store.rooms.values()):
            store.kept_archive = ids.archive
            store.reserve(ids.greatest_profile_id, ids.greatest_face_id)
        return store.kept_archive == ids.archive

    async def restore_people(
        self, collection: str, people: Sequence[PersonToRestore], *, keep_ids: bool
    ) -> list[Restored[ProfileId]]:
        """See Archive.restore_people."""
        room = self._store.room(collection)
        return [self._restore_person(room, person, keep_ids=keep_ids) for person in people]

    def _restore_person(self, room: Room, person: PersonToRestore, *, keep_ids: bool) -> Restored[ProfileId]:
        wanted = ProfileId(person.id) if keep_ids and isinstance(person.id, int) else None
        if wanted in room.people:
            return Restored(wanted, created=False)
        if person.name in room.by_name:
            return Restored(room.by_name[person.name], created=False)
        if wanted is None or any(wanted in other.people for other in self._store.rooms.values()):
            wanted = self._store.new_profile_id()
        room.admit(Person(wanted, person.name, dict(person.metadata)))
        return Restored(wanted, created=True)

    async def restore_faces(
        self,
        collection: str,
        faces: Sequence[FaceToRestore],
        owners: Sequence[ProfileId],
        *,
        keep_ids: bool,
    ) -> list[Restored[FaceId]]:
        """See Archive.restore_faces."""
        room = self._store.room(collection)
        lengths: dict[str, Embedding] = {}
        for face, owner in zip(faces, owners, strict=True):
            room.person(owner)
            room.check(face.embedding)
            first = lengths.setdefault(face.embedding.model, face.embedding)
            if len(first.vector) != len(face.embedding.vector):
                raise other_dimension(face.embedding)
        return [
            self._restore_face(room, face, room.person(owner), keep_ids=keep_ids)
            for face, owner in zip(faces, owners, strict=True)
        ]

    def _restore_face(
        self, room: Room, archived: FaceToRestore, owner: Person, *, keep_ids: bool
    ) -> Restored[FaceId]:
        wanted = FaceId(archived.id) if keep_ids and isinstance(archived.id, int) else None
        if wanted in room.faces:
            return Restored(wanted, created=False)
        # An id that is not free after all is not kept.
        if any(wanted in other.faces for other in self._store.rooms.values()):
            wanted = None
        model = archived.embedding.model
        face = Face(FaceId(0), owner.id, owner.name, model, archived.detection_model, room.name)
        record = Record(face, archived.digest, archived.crop, archived.embedding.norm)
        known = room.known(record)
        if known is None and archived.digest is None and wanted is None:
            known = _alike(room, owner, record, archived.embedding)
        if known is not None:
            return Restored(known.id, created=False)
        face_id = wanted or self._store.new_face_id()
        room.enrol(replace(record, face=replace(face, id=face_id)), archived.embedding)
        return Restored(face_id, created=True)


def _alike(room: Room, owner: Person, record: Record, embedding: Embedding) -> Face | None:
    """The face that its person has of the same embedding, without a photo."""
    for face_id in sorted(owner.faces):
        other = room.faces[face_id]
        if other.digest is None and other.face == replace(record.face, id=face_id):
            (vector,) = room.shelves[embedding.model].vectors([face_id])
            if np.array_equal(vector, embedding.vector):
                return other.face
    return None


def _archived(room: Room, record: Record) -> ArchivedFace:
    face = record.face
    (vector,) = room.shelves[face.recognition_model].vectors([face.id])
    embedding = Embedding(np.array(vector), face.recognition_model, record.norm)
    return ArchivedFace(face, embedding, record.digest, record.crop)
