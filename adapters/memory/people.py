"""ProfileRepository and CollectionRepository in memory."""

from itertools import islice

from typing_extensions import override

from adapters.memory.store import CollectionData, InMemoryAdapter, InMemoryStore, Person, ids_after
from application.ports.people import CollectionRepository, ProfileFilter, ProfileRepository
from domain.erasure import Removed
from domain.errors import CollectionExists, NameTaken
from domain.metadata import Metadata, contains
from domain.people import Collection, Profile, ProfileId
from domain.retention import KEEP, Retention


class InMemoryProfiles(InMemoryAdapter, ProfileRepository):
    """People in dictionaries."""

    @override
    async def create(self, collection: str, name: str, metadata: Metadata) -> Profile:
        data = self._store.existing(collection)
        if name in data.by_name:
            raise NameTaken
        return data.profile(data.add_person(Person(self._store.new_profile_id(), name, dict(metadata))))

    @override
    async def get(self, collection: str, profile_id: ProfileId) -> Profile | None:
        data = self._store.or_empty(collection)
        person = data.people.get(profile_id)
        return data.profile(person) if person else None

    @override
    async def find(self, collection: str, name: str) -> Profile | None:
        data = self._store.or_empty(collection)
        profile_id = data.by_name.get(name)
        return data.profile(data.people[profile_id]) if profile_id else None

    @override
    async def list(self, where: ProfileFilter, limit: int, after: ProfileId | None = None) -> list[Profile]:
        data = self._store.or_empty(where.collection)
        people = (data.people[profile_id] for profile_id in ids_after(data.people_ids, after))
        found = islice((person for person in people if _meets(person, where)), limit)
        return [data.profile(person) for person in found]

    @override
    async def update(
        self,
        collection: str,
        profile_id: ProfileId,
        name: str | None = None,
        metadata: Metadata | None = None,
    ) -> Profile | None:
        data = self._store.or_empty(collection)
        person = data.people.get(profile_id)
        if person is None:
            return None
        if name is not None:
            if data.by_name.get(name, profile_id) != profile_id:
                raise NameTaken
            data.rename(person, name)
        if metadata is not None:
            person.metadata = dict(metadata)
        return data.profile(person)

    @override
    async def merge(self, collection: str, source: ProfileId, target: ProfileId) -> Profile:
        data = self._store.or_empty(collection)
        removed, merged = data.person(source), data.person(target)
        if removed is not merged:
            for face_id in list(removed.faces):
                data.move_face(face_id, merged)
            merged.metadata = {**removed.metadata, **merged.metadata}
            data.remove_person(removed)
        return data.profile(merged)

    @override
    async def delete(self, collection: str, profile_id: ProfileId) -> Removed | None:
        data = self._store.or_empty(collection)
        person = data.people.get(profile_id)
        if person is None:
            return None
        removed = Removed(1, len(person.faces))
        data.remove_person(person)
        return removed


class InMemoryCollections(CollectionRepository):
    """Collections in a dictionary."""

    def __init__(self, store: InMemoryStore) -> None:
        self._collections = store.collections

    @override
    async def create(self, name: str, retention: Retention = KEEP) -> Collection:
        if name in self._collections:
            raise CollectionExists
        self._collections[name] = CollectionData(name)
        self._collections[name].keep_for(retention)
        return Collection(name, 0, retention)

    @override
    async def set_retention(self, name: str, retention: Retention) -> Collection | None:
        if data := self._collections.get(name):
            data.keep_for(retention)
        return await self.get(name)

    @override
    async def get(self, name: str) -> Collection | None:
        data = self._collections.get(name)
        return _collection(data) if data else None

    @override
    async def exists(self, name: str) -> bool:
        return name in self._collections

    @override
    async def list(self, limit: int, after: str | None = None) -> list[Collection]:
        names = (name for name in sorted(self._collections) if after is None or name > after)
        return [_collection(self._collections[name]) for name in islice(names, limit)]

    @override
    async def delete(self, name: str) -> Removed | None:
        data = self._collections.pop(name, None)
        return Removed(len(data.people), len(data.faces)) if data else None


def _collection(data: CollectionData) -> Collection:
    return Collection(data.name, len(data.people), data.retention)


def _meets(person: Person, where: ProfileFilter) -> bool:
    return person.name.startswith(where.prefix or "") and (
        where.metadata is None or contains(dict(person.metadata), dict(where.metadata))
    )
