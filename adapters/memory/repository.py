"""EmbeddingRepository in this process's memory: exact, and gone when the process ends."""

import asyncio
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Callable
from itertools import islice
from uuid import UUID

from adapters.memory.shelf import Shelf
from application.ports.repository import FaceFilter
from domain.errors import InvalidEmbedding
from domain.faces import Embedding
from domain.people import Face, Match


class InMemoryRepository:
    """Implements EmbeddingRepository for one event loop.

    No method awaits between its first look at the state and its last change of it, so that none needs a
    lock; only the arithmetic of a search leaves the loop.
    """

    def __init__(self, new_id: Callable[[], UUID]) -> None:
        self._new_id = new_id
        self._profiles: dict[str, UUID] = {}
        self._faces_of: Counter[str] = Counter()
        self._faces: dict[UUID, Face] = {}
        self._ids: list[UUID] = []
        self._shelves: dict[str, Shelf] = {}

    async def add(self, name: str, embedding: Embedding, detection_model: str) -> Face:
        """See EmbeddingRepository.add."""
        dimensions = len(embedding.vector)
        shelf = self._shelves.get(embedding.model) or Shelf(dimensions)
        if shelf.dimensions != dimensions:
            raise _other_dimension(embedding)
        profile_id = self._profiles.get(name) or self._new_id()
        face = Face(self._new_id(), profile_id, name, embedding.model, detection_model)
        shelf.add(face, embedding.vector)
        self._shelves[embedding.model] = shelf
        self._profiles[name] = profile_id
        self._faces_of[name] += 1
        self._faces[face.id] = face
        insort(self._ids, face.id)
        return face

    async def search(self, probe: Embedding, limit: int) -> list[Match]:
        """See EmbeddingRepository.search."""
        shelf = self._shelves.get(probe.model)
        if shelf is None or limit < 1:
            return []
        if shelf.dimensions != len(probe.vector):
            raise _other_dimension(probe)
        return await asyncio.to_thread(shelf.snapshot().nearest, probe.vector, limit)

    async def delete(self, face_id: UUID) -> bool:
        """See EmbeddingRepository.delete."""
        face = self._faces.pop(face_id, None)
        if face is None:
            return False
        del self._ids[bisect_right(self._ids, face_id) - 1]
        shelf = self._shelves[face.recognition_model]
        shelf.remove(face)
        if not shelf:
            del self._shelves[face.recognition_model]
        self._faces_of[face.name] -= 1
        if not self._faces_of[face.name]:
            del self._faces_of[face.name], self._profiles[face.name]
        return True

    async def ping(self) -> None:
        """See EmbeddingRepository.ping: memory always answers."""

    async def list(self, where: FaceFilter, limit: int, after: UUID | None = None) -> list[Face]:
        """See EmbeddingRepository.list."""
        start = 0 if after is None else bisect_right(self._ids, after)
        faces = (self._faces[face_id] for face_id in islice(self._ids, start, None))
        return list(islice((face for face in faces if _meets(face, where)), limit))


def _meets(face: Face, where: FaceFilter) -> bool:
    return (
        where.name in {None, face.name}
        and where.profile_id in {None, face.profile_id}
        and where.recognition_model in {None, face.recognition_model}
    )


def _other_dimension(embedding: Embedding) -> InvalidEmbedding:
    return InvalidEmbedding(
        f"An embedding of {len(embedding.vector)} numbers is not of the length that is enrolled"
        f" for the model {embedding.model}."
    )
