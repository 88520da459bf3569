"""Search among enrolled people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from domain.faces import Embedding
from domain.identification import Candidate
from domain.metadata import Metadata
from domain.people import ProfileId

SearchTrouble: TypeAlias = Literal["index_unavailable"]


@dataclass(frozen=True, slots=True, eq=False)
class SearchResult:
    """The people nearest to a probe."""

    searched: int
    """The exact number of people that the probe was compared with."""
    candidates: list[Candidate]
    """In descending order of the similarity of their nearest face; ties by that face's id."""


class Gallery(Protocol):
    """Search of people by their faces. All methods may be called concurrently.

    Each raises Unavailable when the store does not answer. A candidate's faces are in the order of their ids.
    """

    async def search(
        self, probe: Embedding, collection: str, people: int, metadata: Metadata | None = None
    ) -> SearchResult:
        """The `people` nearest people, or all if there are fewer, each with all their faces of the probe's model.

        The probe is compared with everybody in the collection who has a face of the probe's model and whose
        metadata contains `metadata` (see domain.metadata.contains). A person with many faces takes one place.

        Raises:
            CollectionNotFound: there is no such collection.
            InvalidEmbedding: its faces of this model have another dimension.
        """

    async def person(self, model: str, collection: str, profile_id: ProfileId) -> Candidate | None:
        """One person and their faces of a model; None when the collection has no such person or face."""


class SearchReadiness(Protocol):
    """Tells whether searches are as fast as they are meant to be."""

    @property
    def ready(self) -> bool:
        """False while an index that the service had or needs at its start can't be searched yet."""

    @property
    def degraded(self) -> Sequence[SearchTrouble]:
        """Stable words for what is refused or slower for now."""
        return ()

    @property
    def lag_s(self) -> float | None:
        """For how long the oldest change has waited to be in an index that instances share; None without one."""
        return None
