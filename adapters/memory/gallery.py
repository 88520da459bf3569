"""Exact search in memory."""

import asyncio

from typing_extensions import override

from adapters.memory.store import CollectionData, InMemoryAdapter
from adapters.memory.vector_table import VectorTable
from application.ports.gallery import Gallery, SearchResult
from domain.faces import Embedding
from domain.identification import Candidate
from domain.metadata import Metadata, contains
from domain.people import ProfileId


class InMemoryGallery(InMemoryAdapter, Gallery):
    """Compares the probe with every enrolled embedding, in a thread."""

    @override
    async def search(
        self, probe: Embedding, collection: str, people: int, metadata: Metadata | None = None
    ) -> SearchResult:
        while True:
            data = self._store.existing(collection)
            data.check_length(probe)
            table = data.tables.get(probe.model)
            if table is None:
                return SearchResult(0, [])
            wanted = None if metadata is None else _with_metadata(data, table, metadata)
            searched = len(table.people if wanted is None else wanted)
            if people < 1:
                return SearchResult(searched, [])
            nearest = await asyncio.to_thread(table.snapshot(wanted).nearest, probe.vector, people)
            candidates = [_candidate(data, table, person) for person in nearest if person in table.people]
            if len(candidates) == min(people, searched):
                return SearchResult(searched, candidates)
            # A person was deleted meanwhile: search again for whoever takes their place.

    @override
    async def person(self, model: str, collection: str, profile_id: ProfileId) -> Candidate | None:
        data = self._store.or_empty(collection)
        table = data.tables.get(model)
        if table is None or profile_id not in table.people:
            return None
        return _candidate(data, table, profile_id)


def _with_metadata(data: CollectionData, table: VectorTable, metadata: Metadata) -> set[ProfileId]:
    part = dict(metadata)
    return {person for person in table.people if contains(dict(data.people[person].metadata), part)}


def _candidate(data: CollectionData, table: VectorTable, profile_id: ProfileId) -> Candidate:
    ids = table.faces_of(profile_id)
    faces = tuple(data.faces[face_id].face for face_id in ids)
    norms = tuple(data.faces[face_id].norm for face_id in ids)
    return Candidate(profile_id, data.people[profile_id].name, faces, table.vectors(ids), norms)
