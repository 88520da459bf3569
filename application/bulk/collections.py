"""Looking up the collections that a command is about."""

from contextlib import suppress

from application.bulk.concurrency import prefetched_pages
from application.ports.people import CollectionRepository
from domain.errors import CollectionExists, CollectionNotFound
from domain.people import Collection, collection_name

PAGE = 1000


async def find_collection(repository: CollectionRepository, name: str) -> Collection:
    """The collection of this name.

    Raises:
        CollectionNotFound, InvalidCollection.
    """
    found = await repository.get(collection_name(name))
    if found is None:
        raise CollectionNotFound
    return found


async def ensure_collection(repository: CollectionRepository, name: str) -> None:
    """Create the collection unless it exists.

    Raises:
        InvalidCollection.
    """
    if await repository.get(collection_name(name)) is None:
        with suppress(CollectionExists):  # somebody else was faster
            await repository.create(name)


async def find_collections(repository: CollectionRepository, name: str | None) -> list[Collection]:
    """The collection of this name; all of them without a name.

    Raises:
        CollectionNotFound, InvalidCollection.
    """
    if name is not None:
        return [await find_collection(repository, name)]
    pages = prefetched_pages(lambda after: repository.list(PAGE, after), lambda last: last.name)
    return [collection async for page in pages for collection in page]
