"""Use cases that list and change people, their faces and their collections."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from application.audit_notes import note
from application.erasure import ReceiptWriter
from application.ports.faces import EmbeddingRepository, FaceFilter
from application.ports.models import ModelLibrary
from application.ports.people import CollectionRepository, ProfileFilter, ProfileRepository
from domain.api_keys import FULL_ACCESS, Grant
from domain.erasure import ErasedKind, ErasureReceipt
from domain.errors import (
    CollectionNotFound,
    FaceNotFound,
    FaceServiceError,
    InvalidCollection,
    ProfileNotFound,
    UnknownModel,
)
from domain.metadata import Metadata, metadata_filter, person_metadata
from domain.people import (
    DEFAULT_COLLECTION,
    Collection,
    Face,
    FaceId,
    Profile,
    ProfileId,
    collection_name,
    name_prefix,
    person_name,
)
from domain.retention import KEEP, Retention

T = TypeVar("T")
Cursor = TypeVar("Cursor")

MAX_FACES_SHOWN = 1000
"""Faces that are shown with a person."""
_COLLECTIONS_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[T, Cursor]):
    """A page of a list."""

    items: Sequence[T]
    next: Cursor | None
    """The cursor of the following page; None if this is the last."""

    @classmethod
    def of(cls, found: Sequence[T], limit: int, cursor: Callable[[T], Cursor]) -> "Page[T, Cursor]":
        """The first `limit` of what was found when one more was asked for."""
        return cls(found[:limit], cursor(found[limit - 1]) if len(found) > limit else None)


async def require(collections: CollectionRepository, collection: str) -> None:
    """Return if there is such a collection.

    Raises:
        CollectionNotFound.
    """
    if not await collections.exists(collection):
        raise CollectionNotFound


async def every_collection(collections: CollectionRepository) -> AsyncIterator[Collection]:
    """All of them, by name."""
    after: str | None = None
    while page := await collections.list(_COLLECTIONS_PAGE, after):
        for collection in page:
            yield collection
        after = page[-1].name


@asynccontextmanager
async def within(collections: CollectionRepository, collection: str) -> AsyncIterator[None]:
    """What isn't found is CollectionNotFound if there is no such collection at all."""
    try:
        yield
    except (FaceNotFound, ProfileNotFound):
        await require(collections, collection)
        raise


@dataclass(frozen=True, slots=True)
class ManageFaces:
    """Lists, moves and deletes enrolled faces."""

    faces: EmbeddingRepository
    collections: CollectionRepository
    models: ModelLibrary
    receipts: ReceiptWriter

    async def list(self, where: FaceFilter, limit: int, after: FaceId | None = None) -> Page[Face, FaceId]:
        """At most `limit` faces after the cursor, oldest first.

        Raises:
            InvalidName: the name of the filter is no possible name.
            CollectionNotFound.
        """
        if where.name is not None:
            where = replace(where, name=person_name(where.name))
        with suppress(UnknownModel):  # faces of models that are gone can be listed too
            if where.recognition_model is not None:
                present = self.models.choose(None, where.recognition_model).recognition
                where = replace(where, recognition_model=present)
        found = await self.faces.list(where, limit + 1, after)
        if not found:
            await require(self.collections, where.collection)
        return Page.of(found, limit, lambda face: face.id)

    async def move(self, collection: str, face_id: FaceId, profile_id: ProfileId) -> Face:
        """Assign a face to another person of its collection.

        Raises:
            FaceNotFound, ProfileNotFound, CollectionNotFound.
        """
        async with within(self.collections, collection):
            return _found(await self.faces.move(collection, face_id, profile_id), FaceNotFound)

    async def delete(self, collection: str, face_id: FaceId) -> ErasureReceipt:
        """Delete a face, and its person with their last face.

        Raises:
            FaceNotFound, CollectionNotFound.
        """
        async with within(self.collections, collection):
            removed = _found(await self.faces.delete(collection, face_id), FaceNotFound)
        return self.receipts.receipt(ErasedKind.FACE, collection, removed, face_id)


@dataclass(frozen=True, slots=True)
class PersonWithFaces:
    """A person and their faces."""

    profile: Profile
    faces: Sequence[Face]


@dataclass(frozen=True, slots=True)
class ManageProfiles:
    """Lists, creates, renames, merges and deletes people."""

    profiles: ProfileRepository
    faces: EmbeddingRepository
    collections: CollectionRepository
    receipts: ReceiptWriter

    async def list(
        self, where: ProfileFilter, limit: int, after: ProfileId | None = None
    ) -> Page[Profile, ProfileId]:
        """At most `limit` people after the cursor, oldest first.

        Raises:
            InvalidName, InvalidMetadata: the filter exceeds its bounds.
            CollectionNotFound.
        """
        if where.prefix is not None:
            where = replace(where, prefix=name_prefix(where.prefix))
        if where.metadata is not None:
            where = replace(where, metadata=metadata_filter(where.metadata))
        found = await self.profiles.list(where, limit + 1, after)
        if not found:
            await require(self.collections, where.collection)
        return Page.of(found, limit, lambda profile: profile.id)

    async def get(self, collection: str, profile_id: ProfileId) -> PersonWithFaces:
        """A person with their first 1,000 faces.

        Raises:
            ProfileNotFound, CollectionNotFound.
        """
        async with within(self.collections, collection):
            profile = _found(await self.profiles.get(collection, profile_id), ProfileNotFound)
        where = FaceFilter(collection, profile_id=profile_id)
        return PersonWithFaces(profile, await self.faces.list(where, MAX_FACES_SHOWN))

    async def create(self, collection: str, name: str, metadata: Metadata) -> Profile:
        """Create a person without faces.

        Raises:
            InvalidName, InvalidMetadata, CollectionNotFound, NameTaken.
        """
        profile = await self.profiles.create(collection, person_name(name), person_metadata(metadata))
        note(profile_ids=[profile.id], names=[profile.name])
        return profile

    async def update(
        self, collection: str, profile_id: ProfileId, name: str | None, metadata: Metadata | None
    ) -> Profile:
        """Replace what isn't None.

        Raises:
            InvalidName, InvalidMetadata, NameTaken, ProfileNotFound, CollectionNotFound.
        """
        new_name = None if name is None else person_name(name)
        new_metadata = None if metadata is None else person_metadata(metadata)
        async with within(self.collections, collection):
            changed = await self.profiles.update(collection, profile_id, new_name, new_metadata)
            return _found(changed, ProfileNotFound)

    async def merge(self, collection: str, source: ProfileId, target: ProfileId) -> Profile:
        """Merge two profiles of one person: see ProfileRepository.merge.

        Raises:
            ProfileNotFound, CollectionNotFound.
        """
        async with within(self.collections, collection):
            return await self.profiles.merge(collection, source, target)

    async def delete(self, collection: str, profile_id: ProfileId) -> ErasureReceipt:
        """Delete a person and all their faces.

        Raises:
            ProfileNotFound, CollectionNotFound.
        """
        async with within(self.collections, collection):
            removed = _found(await self.profiles.delete(collection, profile_id), ProfileNotFound)
        return self.receipts.receipt(ErasedKind.PERSON, collection, removed, profile_id)


@dataclass(frozen=True, slots=True)
class ManageCollections:
    """Lists, creates and deletes collections."""

    collections: CollectionRepository
    receipts: ReceiptWriter

    async def list(
        self, limit: int, after: str | None = None, grant: Grant = FULL_ACCESS
    ) -> Page[Collection, str]:
        """At most `limit` collections after the cursor, by name: those that these permissions show."""
        if grant.collections is not None:
            names = sorted(name for name in grant.collections if after is None or name > after)
            found = [each for each in [await self.collections.get(name) for name in names] if each]
        else:
            found = await self.collections.list(limit + 1, after)
        return Page.of(found, limit, lambda collection: collection.name)

    async def create(self, name: str, retention: Retention = KEEP) -> Collection:
        """Create an empty collection.

        Raises:
            InvalidCollection, CollectionExists.
        """
        collection = await self.collections.create(collection_name(name), retention)
        note(collection=collection.name)
        return collection

    async def get(self, name: str) -> Collection:
        """The collection of this name.

        Raises:
            CollectionNotFound.
        """
        return _found(await self.collections.get(name), CollectionNotFound)

    async def set_retention(self, name: str, retention: Retention) -> Collection:
        """Change how long people are kept.

        Raises:
            CollectionNotFound.
        """
        return _found(await self.collections.set_retention(name, retention), CollectionNotFound)

    async def delete(self, name: str) -> ErasureReceipt:
        """Delete a collection with everybody in it.

        Raises:
            InvalidCollection: it is the default one, which can't be deleted.
            CollectionNotFound.
        """
        if name == DEFAULT_COLLECTION:
            raise InvalidCollection("The default collection can't be deleted.")
        removed = _found(await self.collections.delete(name), CollectionNotFound)
        return self.receipts.receipt(ErasedKind.COLLECTION, name, removed)


def _found(value: T | None, error: type[FaceServiceError]) -> T:
    if value is None:
        raise error
    return value
