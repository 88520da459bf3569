"""The use case: all that is stored about one person, as the right of access asks (GDPR, article 15)."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.people import Page, within
from application.ports.archive import Archive, ArchivedFace, ArchivedPerson
from application.ports.people import CollectionRepository
from domain.errors import ProfileNotFound
from domain.people import FaceId, ProfileId


@dataclass(frozen=True, slots=True)
class StoredAboutPerson:
    """All that is stored about a person, or the part of it with a page of their faces."""

    collection: str
    person: ArchivedPerson
    faces: Sequence[ArchivedFace]
    """With embeddings, digests of photos and crops."""
    next: FaceId | None
    """The cursor of the following page of faces; None if this is the last."""


@dataclass(frozen=True, slots=True)
class ExportPerson:
    """Reads all that is stored about a person."""

    archive: Archive
    collections: CollectionRepository

    async def execute(
        self, collection: str, profile_id: ProfileId, limit: int, after: FaceId | None = None
    ) -> StoredAboutPerson:
        """The person with at most `limit` of their faces after the cursor, oldest first.

        Raises:
            ProfileNotFound, CollectionNotFound.
        """
        async with within(self.collections, collection):
            person = await self.archive.person(collection, profile_id)
            if person is None:
                raise ProfileNotFound
        found = await self.archive.faces(collection, limit + 1, after, profile_id=profile_id)
        page = Page.of(found, limit, lambda stored: stored.face.id)
        return StoredAboutPerson(collection, person, page.items, page.next)
