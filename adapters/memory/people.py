"""ProfileRepository and CollectionRepository in this process's memory."""

from itertools import islice

from adapters.memory.store import InMemoryStore, Person, Room, behind
from application.ports.people import ProfileFilter
from domain.errors import CollectionExists, NameTaken
from domain.metadata import Metadata, contains
from domain.people import Collection, Profile, ProfileId


class InMemoryProfiles:
    """Implements ProfileRepository."""

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store

    async def create(self, collection: str, name: str, metadata: Metadata) -> Profile:
        """See ProfileRepository.create."""
        room = self._store.room(collection)
        if name in room.by_name:
            raise NameTaken
        return room.profile(room.admit(Person(self._store.new_profile_id(), name, dict(metadata))))

    async def get(self, collection: str, profile_id: ProfileId) -> Profile | None:
        """See ProfileRepository.get."""
        room = self._store.look(collection)
        person = room.people.get(profile_id)
        return room.profile(person) if person else None

    async def find(self, collection: str, name: str) -> Profile | None:
        """See ProfileRepository.find."""
        room = self._store.look(collection)
        profile_id = room.by_name.get(name)
        return room.profile(room.people[profile_id]) if profile_id else None

    async def list(self, where: ProfileFilter, limit: int, after: ProfileId | None = None) -> list[Profile]:
        """See ProfileRepository.list."""
        room = self._store.look(where.collection)
        people = (room.people[profile_id] for profile_id in behind(room.people_ids, after))
        return [
            room.profile(person)
            for person in islice((person for person in people if _meets(person, where)), limit)
        ]

    async def update(
        self,
        collection: str,
        profile_id: ProfileId,
        name: str | None = None,
        metadata: Metadata | None = None,
    ) -> Profile | None:
        """See ProfileRepository.update."""
        room = self._store.look(collection)
        person = room.people.get(profile_id)
        if person is None:
            return None
        if name is not None:
            if room.by_name.get(name, profile_id) != profile_id:
                raise NameTaken
            room.rename(person, name)
        if metadata is not None:
            person.metadata = dict(metadata)
        return room.profile(person)

    async def merge(self, collection: str, source: ProfileId, target: ProfileId) -> Profile:
        """See ProfileRepository.merge."""
        room = self._store.look(collection)
        donor, kept = room.person(source), room.person(target)
        if donor is not kept:
            for face_id in list(donor.faces):
                room.give(face_id, kept)
            kept.metadata = {**donor.metadata, **kept.metadata}
            room.dismiss(donor)
        return room.profile(kept)

    async def delete(self, collection: str, profile_id: ProfileId) -> bool:
        """See ProfileRepository.delete."""
        room = self._store.look(collection)
        person = room.people.get(profile_id)
        if person is None:
            return False
        for face_id in list(person.faces):
            room.forget(face_id)
        room.dismiss(person)
        return True


class InMemoryCollections:
    """Implements CollectionRepository."""

    def __init__(self, store: InMemoryStore) -> None:
        self._rooms = store.rooms

    async def create(self, name: str) -> Collection:
        """See CollectionRepository.create."""
        if name in self._rooms:
            raise CollectionExists
        self._rooms[name] = Room(name)
        return Collection(name, 0)

    async def get(self, name: str) -> Collection | None:
        """See CollectionRepository.get."""
        room = self._rooms.get(name)
        return Collection(name, len(room.people)) if room else None

    async def list(self, limit: int, after: str | None = None) -> list[Collection]:
        """See CollectionRepository.list."""
        names = (name for name in sorted(self._rooms) if after is None or name > after)
        return [Collection(name, len(self._rooms[name].people)) for name in islice(names, limit)]

    async def delete(self, name: str) -> bool:
        """See CollectionRepository.delete."""
        return self._rooms.pop(name, None) is not None


def _meets(person: Person, where: ProfileFilter) -> bool:
    return person.name.startswith(where.prefix or "") and (
        where.metadata is None or contains(dict(person.metadata), dict(where.metadata))
    )
