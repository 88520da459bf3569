"""RetentionStore in memory."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from typing_extensions import override

from adapters.memory.store import CollectionData, InMemoryStore, Person, ids_after
from application.ports.retention import ExpiredPage, ExpiredPerson, Expiry, RemovedByAge, RetentionStore
from domain.people import FaceId, ProfileId
from domain.retention import RetentionFrom


class InMemoryRetention(RetentionStore):
    """Looks at people in the order of their ids."""

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store
        self._busy = False

    @override
    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        if self._busy:
            yield False
            return
        self._busy = True
        try:
            yield True
        finally:
            self._busy = False

    @override
    async def matched(self, people: Collection[ProfileId], day: date) -> None:
        for data in self._store.collections.values():
            if data.retention.since is RetentionFrom.LAST_MATCH:
                for person in (data.people[one] for one in people if one in data.people):
                    person.last_matched_on = max(day, person.last_matched_on or day)

    @override
    async def expired(self, expiry: Expiry, limit: int, after: ProfileId | None = None) -> ExpiredPage:
        data = self._store.or_empty(expiry.collection)
        ids = list(islice(ids_after(data.people_ids, after), limit))
        found = [_expired(data, data.people[profile_id], expiry) for profile_id in ids]
        people = [ExpiredPerson(each, len(faces), whole) for each, faces, whole in found if faces or whole]
        return ExpiredPage(people, ids[-1] if len(ids) == limit else None)

    @override
    async def remove(self, expiry: Expiry, people: Collection[ProfileId]) -> RemovedByAge:
        data = self._store.or_empty(expiry.collection)
        gone, removed = list[ProfileId](), list[FaceId]()
        for profile_id in sorted(set(people) & data.people.keys()):
            _, faces, whole = _expired(data, data.people[profile_id], expiry)
            for face_id in faces:
                data.remove_face(face_id)
            removed += faces
            if whole:
                data.remove_person(data.people[profile_id])
                gone.append(profile_id)
        return RemovedByAge(gone, sorted(removed))


def _expired(data: CollectionData, person: Person, expiry: Expiry) -> tuple[ProfileId, list[FaceId], bool]:
    """The faces that are too old, and whether the whole person is."""
    faces = {face_id: data.faces[face_id].created_at for face_id in person.faces}
    old = [face_id for face_id, created_at in faces.items() if created_at < expiry.before]
    if expiry.since is RetentionFrom.ENROLMENT:
        return person.id, old, len(old) == len(faces) and (bool(faces) or person.created_at < expiry.before)
    times = [person.created_at, *faces.values()]
    if person.last_matched_on is not None:
        times.append(datetime.combine(person.last_matched_on, time(), UTC) + timedelta(days=1))
    if data.matches_since is not None:
        times.append(data.matches_since)
    whole = max(times) < expiry.before
    return person.id, list(faces) if whole else [], whole
