"""The use case: everything about enrolled people into a file."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from application.ports.archive import Archive, ArchivedFace
from application.ports.archive_files import ArchiveWriter
from application.ports.people import CollectionRepository, ProfileFilter, ProfileRepository
from application.ports.workers import WorkerPool
from domain.errors import CollectionNotFound
from domain.people import Collection, Profile, collection_name

PAGE = 1000
"""Entries; without crops, a page of faces is a megabyte or two."""
PAGE_WITH_CROPS = 250


@dataclass(frozen=True, slots=True)
class Exported:
    """What has been written so far."""

    collections: int = 0
    people: int = 0
    faces: int = 0
    crops: int = 0


T = TypeVar("T")
Cursor = TypeVar("Cursor")


@dataclass(frozen=True, slots=True)
class ExportPeople:
    """Writes collections with their people, and the people's faces with embeddings and, if wanted, crops.

    The service may go on meanwhile: people who come after the export began may or may not be in it, but
    no face is without its person.
    """

    collections: CollectionRepository
    profiles: ProfileRepository
    archive: Archive
    workers: WorkerPool

    async def chosen(self, name: str | None) -> list[Collection]:
        """The collection of this name; all, without one.

        Raises:
            CollectionNotFound, InvalidCollection.
        """
        if name is not None:
            found = await self.collections.get(collection_name(name))
            if found is None:
                raise CollectionNotFound
            return [found]
        everything = []
        async for page in _pages(lambda after: self.collections.list(PAGE, after), lambda last: last.name):
            everything += page
        return everything

    async def execute(
        self, chosen: list[Collection], writer: ArchiveWriter, *, crops: bool
    ) -> AsyncIterator[Exported]:
        """How far it is, after each page; the file is complete when this ends.

        Raises:
            ArchiveError: the file can't be written.
            Unavailable.
        """
        people = faces = pictures = 0
        for number, collection in enumerate(chosen, 1):
            await self.workers.run(writer.section, collection.name)
            known = [np.empty(0, np.int64)]
            async for profiles in self._people(collection.name):
                known.append(np.array([person.id for person in profiles], np.int64))
                await self.workers.run(writer.people, profiles)
                people += len(profiles)
                yield Exported(number, people, faces, pictures)
            there = np.concatenate(known)
            async for page in self._faces(collection.name, crops=crops):
                kept = [face for face, at_home in zip(page, _among(there, page), strict=True) if at_home]
                await self.workers.run(writer.faces, kept)
                faces += len(kept)
                pictures += sum(face.crop is not None for face in kept)
                yield Exported(number, people, faces, pictures)
        await self.workers.run(writer.finish)
        yield Exported(len(chosen), people, faces, pictures)

    def _people(self, collection: str) -> AsyncIterator[list[Profile]]:
        where = ProfileFilter(collection)
        return _pages(lambda after: self.profiles.list(where, PAGE, after), lambda last: last.id)

    def _faces(self, collection: str, *, crops: bool) -> AsyncIterator[list[ArchivedFace]]:
        limit = PAGE_WITH_CROPS if crops else PAGE
        return _pages(
            lambda after: self.archive.faces(collection, limit, after, crops=crops),
            lambda last: last.face.id,
        )


async def _pages(
    page: Callable[[Cursor | None], Awaitable[list[T]]], cursor: Callable[[T], Cursor]
) -> AsyncIterator[list[T]]:
    """All pages that aren't empty; the next is fetched while one is used."""
    following = asyncio.ensure_future(page(None))
    try:
        while found := await following:
            following = asyncio.ensure_future(page(cursor(found[-1])))
            yield found
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def _among(people: NDArray[np.int64], faces: list[ArchivedFace]) -> NDArray[np.bool_]:
    """Whether each face's person is among those, whose ids are in order."""
    owners = np.array([face.face.profile_id for face in faces], np.int64)
    places = np.searchsorted(people, owners)
    return (
        np.asarray(np.take(people, places, mode="clip") == owners)
        if len(people)
        else np.zeros(len(faces), bool)
    )
