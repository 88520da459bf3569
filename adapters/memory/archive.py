"""Archive in memory."""

from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

import numpy as np
from typing_extensions import override

from adapters.memory.store import CollectionData, InMemoryAdapter, InMemoryStore, Person, StoredFace
from application.ports.archive import (
    Archive,
    ArchivedFace,
    ArchivedPerson,
    ArchiveIds,
    FaceToRestore,
    PersonToRestore,
    Restored,
    StoredPeople,
)
from domain.errors import InvalidEmbedding
from domain.faces import Embedding
from domain.people import Face, FaceId, ProfileId


class InMemoryArchive(InMemoryAdapter, Archive):
    """Export and import of the store."""

    @override
    async def collections(self) -> list[str]:
        return sorted(self._store.collections)

    @override
    async def greatest_ids(self) -> tuple[int, int]:
        return self._store.greatest_ids()

    @override
    async def person(self, collection: str, profile_id: ProfileId) -> ArchivedPerson | None:
        person = self._store.or_empty(collection).people.get(profile_id)
        return None if person is None else _archived_person(person)

    @override
    async def people(
        self, collection: str, limit: int, after: ProfileId | None = None
    ) -> list[ArchivedPerson]:
        data = self._store.or_empty(collection)
        start = 0 if after is None else bisect_right(data.people_ids, after)
        return [_archived_person(data.people[each]) for each in data.people_ids[start : start + limit]]

    @override
    async def faces(
        self,
        collection: str,
        limit: int,
        after: FaceId | None = None,
        *,
        crops: bool = True,
        profile_id: ProfileId | None = None,
    ) -> list[ArchivedFace]:
        data = self._store.or_empty(collection)
        faces = data.faces_after(after)
        found = islice((each for each in faces if profile_id in {None, each.face.profile_id}), limit)
        return [_archived(data, stored if crops else replace(stored, crop=None)) for stored in found]

    @override
    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[StoredPeople]:
        copied = InMemoryStore()
        copied.collections = deepcopy(self._store.collections)
        copied.reserve_ids(*self._store.greatest_ids())
        yield InMemoryArchive(copied)

    @override
    async def keep_ids(self, ids: ArchiveIds) -> bool:
        store = self._store
        if not any(data.people for data in store.collections.values()):
            store.archive_with_ids = ids.archive
            store.reserve_ids(ids.greatest_profile_id, ids.greatest_face_id)
        return store.archive_with_ids == ids.archive

    @override
    async def restore_people(
        self, collection: str, people: Sequence[PersonToRestore], *, keep_ids: bool
    ) -> list[Restored[ProfileId]]:
        data = self._store.existing(collection)
        return [self._restore_person(data, person, keep_ids=keep_ids) for person in people]

    def _restore_person(
        self, data: CollectionData, person: PersonToRestore, *, keep_ids: bool
    ) -> Restored[ProfileId]:
        wanted = ProfileId(person.id) if keep_ids and isinstance(person.id, int) else None
        if wanted in data.people:
            return Restored(wanted, created=False)
        if person.name in data.by_name:
            return Restored(data.by_name[person.name], created=False)
        if wanted is None or any(wanted in other.people for other in self._store.collections.values()):
            wanted = self._store.new_profile_id()
        created_at = person.created_at or datetime.now(UTC)
        data.add_person(Person(wanted, person.name, dict(person.metadata), created_at=created_at))
        return Restored(wanted, created=True)

    @override
    async def restore_faces(
        self,
        collection: str,
        faces: Sequence[FaceToRestore],
        owners: Sequence[ProfileId],
        *,
        keep_ids: bool,
    ) -> list[Restored[FaceId]]:
        data = self._store.existing(collection)
        people = [data.person(owner) for owner in owners]
        lengths: dict[str, int] = {}
        for face in faces:
            data.check_length(face.embedding)
            length, model = len(face.embedding.vector), face.embedding.model
            if lengths.setdefault(model, length) != length:
                raise InvalidEmbedding.of_length(length, model)
        return [
            self._restore_face(data, face, person, keep_ids=keep_ids)
            for face, person in zip(faces, people, strict=True)
        ]

    def _restore_face(
        self, data: CollectionData, archived: FaceToRestore, owner: Person, *, keep_ids: bool
    ) -> Restored[FaceId]:
        wanted = FaceId(archived.id) if keep_ids and isinstance(archived.id, int) else None
        if wanted in data.faces:
            return Restored(wanted, created=False)
        if any(wanted in other.faces for other in self._store.collections.values()):
            # A face of another collection has the id.
            wanted = None
        model = archived.embedding.model
        face = Face(FaceId(0), owner.id, owner.name, model, archived.detection_model, data.name)
        created_at = archived.created_at or datetime.now(UTC)
        stored = StoredFace(face, archived.digest, archived.crop, archived.embedding.norm, created_at)
        same = data.same_photo(stored)
        if same is None and archived.digest is None and wanted is None:
            same = _same_embedding(data, owner, stored, archived.embedding)
        if same is not None:
            return Restored(same.id, created=False)
        face_id = wanted or self._store.new_face_id()
        data.add_face(replace(stored, face=replace(face, id=face_id)), archived.embedding)
        return Restored(face_id, created=True)


def _same_embedding(
    data: CollectionData, owner: Person, stored: StoredFace, embedding: Embedding
) -> Face | None:
    """The person's face without a photo of the same models and embedding."""
    for face_id in sorted(owner.faces):
        other = data.faces[face_id]
        if other.digest is None and other.face == replace(stored.face, id=face_id):
            (vector,) = data.tables[embedding.model].vectors([face_id])
            if np.array_equal(vector, embedding.vector):
                return other.face
    return None


def _archived(data: CollectionData, stored: StoredFace) -> ArchivedFace:
    face = stored.face
    (vector,) = data.tables[face.recognition_model].vectors([face.id])
    embedding = Embedding(np.array(vector), face.recognition_model, stored.norm)
    return ArchivedFace(face, embedding, stored.digest, stored.crop, stored.created_at)


def _archived_person(person: Person) -> ArchivedPerson:
    return ArchivedPerson(
        person.id, person.name, dict(person.metadata), person.created_at, person.last_matched_on
    )
