"""Search among enrolled people."""

from dataclasses import dataclass
from typing import Protocol

from domain.faces import Embedding
from domain.identification import Candidate
from domain.metadata import Metadata
from domain.people import ProfileId


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """What a search brought."""

    searched: int
    """The exact number of people that the probe was compared with."""
    candidates: list[Candidate]
    """Those whose nearest face is nearest, nearest first; equals by the id of that face."""


class Gallery(Protocol):
    """People by their faces. All methods may be called concurrently.

    Each raises Unavailable when the store does not answer. A candidate's faces are in the order of their ids.
    """

    async def search(
        self, probe: Embedding, collection: str, people: int, metadata: Metadata | None = None
    ) -> SearchResult:
        """The `people` nearest, or all if there are fewer, each with all their faces of the probe's model.

        Compared is everybody in the collection who has a face of the probe's model and whose metadata
        contains `metadata` (see domain.metadata.contains). One person's many faces crowd nobody out.

        Raises:
            CollectionNotFound: there is no such collection.
            InvalidEmbedding: its faces of this model have another dimension.
        """
        ...

    async def person(self, model: str, collection: str, profile_id: ProfileId) -> Candidate | None:
        """One person and their faces of a model; None when the collection has no such person or face."""
        ...
