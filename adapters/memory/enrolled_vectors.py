"""EnrolledVectors in memory."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, islice

import numpy as np
from typing_extensions import override

from adapters.memory.store import CollectionData, InMemoryAdapter
from adapters.memory.vector_table import VectorTable
from application.ports.change_feed import GalleryKey
from application.ports.enrolled_vectors import EnrolledVectors, FaceTable, Place
from domain.people import FaceId, Profile, ProfileId


class InMemoryVectors(InMemoryAdapter, EnrolledVectors):
    """Copies of the rows of the vector tables."""

    @override
    async def count(self, gallery: GalleryKey) -> int:
        return len(_table(self._store.or_empty(gallery.collection), gallery) or ())

    @override
    async def page(self, gallery: GalleryKey, limit: int, after: Place | None = None) -> FaceTable:
        data = self._store.or_empty(gallery.collection)
        table = _table(data, gallery)
        if table is None:
            return _faces(data, gallery, [])
        start = after or Place(ProfileId(0), FaceId(0))
        people = await asyncio.to_thread(_from, tuple(table.people), start.person)
        places = (Place(person, face) for person in people for face in table.faces_of(person))
        return _faces(data, gallery, islice((place.face for place in places if place > start), limit))

    @override
    async def of_people(self, gallery: GalleryKey, people: Sequence[ProfileId], most: int) -> FaceTable:
        data = self._store.or_empty(gallery.collection)
        table = _table(data, gallery)
        if table is None:
            return _faces(data, gallery, [])
        faces = (table.faces_of(person)[:most] for person in sorted(set(people)))
        return _faces(data, gallery, chain.from_iterable(faces))

    @override
    async def profiles(self, collection: str, people: Sequence[ProfileId]) -> Mapping[ProfileId, Profile]:
        data = self._store.or_empty(collection)
        return {person: data.profile(data.people[person]) for person in people if person in data.people}


def _from(people: Collection[ProfileId], first: ProfileId) -> list[ProfileId]:
    return sorted(person for person in people if person >= first)


def _table(data: CollectionData, gallery: GalleryKey) -> VectorTable | None:
    table = data.tables.get(gallery.model)
    return table if table is not None and table.dimensions == gallery.dimensions else None


def _faces(data: CollectionData, gallery: GalleryKey, faces: Iterable[FaceId]) -> FaceTable:
    stored = [data.faces[face] for face in faces]
    ids = [each.face.id for each in stored]
    return FaceTable(
        np.array(ids, dtype=np.int64),
        np.array([each.face.profile_id for each in stored], dtype=np.int64),
        data.tables[gallery.model].vectors(ids)
        if ids
        else np.zeros((0, gallery.dimensions), dtype=np.float32),
        np.array([np.nan if each.norm is None else each.norm for each in stored], dtype=np.float64),
    )
