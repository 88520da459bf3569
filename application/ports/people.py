"""People and the collections that they are in."""

from dataclasses import dataclass
from typing import Protocol

from domain.metadata import Metadata
from domain.people import DEFAULT_COLLECTION, Collection, Profile, ProfileId


@dataclass(frozen=True, slots=True)
class ProfileFilter:
    """Which people to list; None asks nothing."""

    collection: str = DEFAULT_COLLECTION
    prefix: str | None = None
    """What names begin with, character by character."""
    metadata: Metadata | None = None
    """What metadata must contain: see domain.metadata.contains."""


class ProfileRepository(Protocol):
    """People. All methods may be called concurrently.

    Each raises Unavailable when the store does not answer. What is in another collection is not there.
    Names are compared exactly; metadata has passed domain.metadata.person_metadata.
    """

    async def create(self, collection: str, name: str, metadata: Metadata) -> Profile:
        """A person without faces.

        Raises:
            CollectionNotFound, NameTaken: the name is known in this collection.
        """
        ...

    async def get(self, collection: str, profile_id: ProfileId) -> Profile | None:
        """The person, if the collection has them."""
        ...

    async def find(self, collection: str, name: str) -> Profile | None:
        """The person of exactly this name."""
        ...

    async def list(self, where: ProfileFilter, limit: int, after: ProfileId | None = None) -> list[Profile]:
        """At most `limit` people with ids greater than `after`, oldest (smallest id) first."""
        ...

    async def update(
        self,
        collection: str,
        profile_id: ProfileId,
        name: str | None = None,
        metadata: Metadata | None = None,
    ) -> Profile | None:
        """Replace what isn't None; None when there is no such person.

        Raises:
            NameTaken: another person of the collection has the name; nothing was changed.
        """
        ...

    async def merge(self, collection: str, source: ProfileId, target: ProfileId) -> Profile:
        """Give all faces of `source` to `target`, and delete `source`; the answer is the new target.

        Metadata is united, and where both have a key the target's value stays. Of the same photo of both, by
        the same models, the target's face stays. A person merged with themselves stays as they are.

        Raises:
            ProfileNotFound: one of them is not there; nothing was changed.
        """
        ...

    async def delete(self, collection: str, profile_id: ProfileId) -> bool:
        """Delete a person with all their faces; False when there is no such person."""
        ...


class CollectionRepository(Protocol):
    """Collections. The default one is there from the start; otherwise it is like the others."""

    async def create(self, name: str) -> Collection:
        """An empty collection.

        Raises:
            CollectionExists: the name is taken.
        """
        ...

    async def get(self, name: str) -> Collection | None:
        """The collection of this name."""
        ...

    async def list(self, limit: int, after: str | None = None) -> list[Collection]:
        """At most `limit` collections with names greater than `after`, in the order of their names."""
        ...

    async def delete(self, name: str) -> bool:
        """Delete a collection with everything in it; False when there is none of this name."""
        ...
