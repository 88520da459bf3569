"""People and collections."""

from dataclasses import dataclass
from typing import Protocol

from domain.erasure import Removed
from domain.metadata import Metadata
from domain.people import DEFAULT_COLLECTION, Collection, Profile, ProfileId
from domain.retention import KEEP, Retention


@dataclass(frozen=True, slots=True)
class ProfileFilter:
    """Conditions that listed people meet; None is no condition."""

    collection: str = DEFAULT_COLLECTION
    prefix: str | None = None
    """What the name begins with; compared character by character."""
    metadata: Metadata | None = None
    """What the metadata contains (domain.metadata.contains)."""


class ProfileRepository(Protocol):
    """People. All methods may be called concurrently, and see one collection only.

    Every method raises Unavailable when the store does not answer; those that add or change data raise
    StorageFull when it has no room left. Names are compared exactly. Metadata must have passed
    domain.metadata.person_metadata.
    """

    async def create(self, collection: str, name: str, metadata: Metadata) -> Profile:
        """Create a person without faces.

        Raises:
            CollectionNotFound: there is no such collection.
            NameTaken: a person of the collection has this name.
        """

    async def get(self, collection: str, profile_id: ProfileId) -> Profile | None:
        """The person of this id."""

    async def find(self, collection: str, name: str) -> Profile | None:
        """The person of exactly this name."""

    async def list(self, where: ProfileFilter, limit: int, after: ProfileId | None = None) -> list[Profile]:
        """At most `limit` people with ids greater than `after`, by ascending id (oldest first)."""

    async def update(
        self,
        collection: str,
        profile_id: ProfileId,
        name: str | None = None,
        metadata: Metadata | None = None,
    ) -> Profile | None:
        """Replace what isn't None; the result is None if there is no such person.

        Raises:
            NameTaken: another person of the collection has the name; nothing was changed.
        """

    async def merge(self, collection: str, source: ProfileId, target: ProfileId) -> Profile:
        """Move all faces of `source` to `target` and delete `source`; the result is the changed `target`.

        Metadata is united; the target's value stays for a key that both have, and the target's face for a photo
        that both have by the same models. Merging a person with themselves changes nothing.

        Raises:
            ProfileNotFound: one of them does not exist; nothing was changed.
        """

    async def delete(self, collection: str, profile_id: ProfileId) -> Removed | None:
        """Delete a person with all their faces; None if there is no such person."""


class CollectionRepository(Protocol):
    """Collections; the default one exists from the start. Errors as of ProfileRepository."""

    async def create(self, name: str, retention: Retention = KEEP) -> Collection:
        """Create an empty collection.

        Raises:
            CollectionExists: the name is taken.
        """

    async def get(self, name: str) -> Collection | None:
        """The collection of this name."""

    async def exists(self, name: str) -> bool:
        """Whether there is a collection of this name; unlike `get` it counts nobody."""

    async def set_retention(self, name: str, retention: Retention) -> Collection | None:
        """Change how long people are kept; the result is None if there is no such collection.

        Where days are counted from the last match, they are counted from now for those who have none yet.
        """

    async def list(self, limit: int, after: str | None = None) -> list[Collection]:
        """At most `limit` collections with names greater than `after`, by name (code points)."""

    async def delete(self, name: str) -> Removed | None:
        """Delete a collection with everything in it; None if there is no such collection."""
