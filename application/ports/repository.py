"""The gallery: where enrolled faces live."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain.faces import Embedding
from domain.people import Face, Match


@dataclass(frozen=True, slots=True)
class FaceFilter:
    """Which faces to list; None asks nothing."""

    name: str | None = None
    profile_id: UUID | None = None
    recognition_model: str | None = None


class EmbeddingRepository(Protocol):
    """Profiles and their faces. All methods may be called concurrently.

    Each raises Unavailable when the store does not answer.
    """

    async def add(self, name: str, embedding: Embedding, detection_model: str) -> Face:
        """Enrol a face under the profile of that name, which is created if it is not there.

        The face is durable when this returns. Names are compared exactly.
        """
        ...

    async def search(self, probe: Embedding, limit: int) -> list[Match]:
        """The `limit` nearest people among faces of the probe's model, nearest first.

        One match a person: their nearest face. Equal similarities are ordered by face id.
        """
        ...

    async def list(self, where: FaceFilter, limit: int, after: UUID | None = None) -> list[Face]:
        """At most `limit` faces with ids greater than `after`, oldest (smallest id) first."""
        ...

    async def delete(self, face_id: UUID) -> bool:
        """Delete a face, and its profile with its last face; False when there is no such face."""
        ...

    async def ping(self) -> None:
        """Return when the store can answer."""
        ...
