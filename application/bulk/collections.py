"""The collections that a command is about."""

from contextlib import suppress

from application.people import every_collection, require
from application.ports.people import CollectionRepository
from domain.errors import CollectionExists
from domain.people import collection_name


async def require_collection(repository: CollectionRepository, name: str) -> None:
    """Return if there is such a collection.

    Raises:
        CollectionNotFound, InvalidCollection.
    """
    await require(repository, collection_name(name))


async def ensure_collection(repository: CollectionRepository, name: str) -> None:
    """Create the collection unless it exists.

    Raises:
        InvalidCollection.
    """
    if not await repository.exists(collection_name(name)):
        with suppress(CollectionExists):  # somebody else was faster
            await repository.create(name)


async def find_collections(repository: CollectionRepository, name: str | None) -> list[str]:
    """The collection of this name; all of them without a name.

    Raises:
        CollectionNotFound, InvalidCollection.
    """
    if name is None:
        return [each.name async for each in every_collection(repository)]
    await require_collection(repository, name)
    return [name]
