"""Gallery in this process's memory: exact."""

import asyncio

from adapters.memory.shelf import Shelf
from adapters.memory.store import InMemoryStore, Room
from application.ports.gallery import SearchResult
from domain.faces import Embedding
from domain.identification import Candidate
from domain.metadata import Metadata, contains
from domain.people import ProfileId


class InMemoryGallery:
    """Implements Gallery."""

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store

    async def search(
        self, probe: Embedding, collection: str, people: int, metadata: Metadata | None = None
    ) -> SearchResult:
        """See Gallery.search."""
        while True:
            room = self._store.room(collection)
            room.check(probe)
            shelf = room.shelves.get(probe.model)
            if shelf is None:
                return SearchResult(0, [])
            wanted = None if metadata is None else _with(room, shelf, metadata)
            searched = len(shelf.people if wanted is None else wanted)
            if people < 1:
                return SearchResult(searched, [])
            nearest = await asyncio.to_thread(shelf.snapshot(wanted).nearest, probe.vector, people)
            candidates = [_candidate(room, shelf, person) for person in nearest if person in shelf.people]
            if len(candidates) == min(people, searched):
                return SearchResult(searched, candidates)
            # Somebody has gone meanwhile, for whom somebody else comes.

    async def person(self, model: str, collection: str, profile_id: ProfileId) -> Candidate | None:
        """See Gallery.person."""
        room = self._store.look(collection)
        shelf = room.shelves.get(model)
        if shelf is None or profile_id not in shelf.people:
            return None
        return _candidate(room, shelf, profile_id)


def _with(room: Room, shelf: Shelf, metadata: Metadata) -> set[ProfileId]:
    part = dict(metadata)
    return {person for person in shelf.people if contains(dict(room.people[person].metadata), part)}


def _candidate(room: Room, shelf: Shelf, profile_id: ProfileId) -> Candidate:
    ids = shelf.faces_of(profile_id)
    faces = tuple(room.faces[face_id].face for face_id in ids)
    norms = tuple(room.faces[face_id].norm for face_id in ids)
    return Candidate(profile_id, room.people[profile_id].name, faces, shelf.vectors(ids), norms)
