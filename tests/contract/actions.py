"""Random actions on a storage, told in words that don't depend on its ids."""

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

from application.ports.faces import FaceFilter, NewFace
from application.ports.people import ProfileFilter
from domain.errors import FaceServiceError
from domain.faces import Embedding
from domain.metadata import Metadata
from domain.people import DEFAULT_COLLECTION, Face, FaceId, PersonName, Profile, ProfileId
from tests.contract.enrolment import NO_FACE, NOBODY
from tests.contract.storage import Storage

COLLECTIONS = (DEFAULT_COLLECTION, "staff", "guests")
TEAMS: tuple[Metadata, ...] = ({}, {"team": "red"}, {"team": "blue", "tags": ["a", "b"]}, {"tags": ["b"]})

Id = TypeVar("Id", bound=int)

Action = tuple[str, tuple[object, ...]]

collections = st.sampled_from(COLLECTIONS)
points = st.tuples(*[st.integers(-3, 3)] * 3).filter(any)
_names = st.sampled_from("ABCD")
_some = st.integers(0, 12)
_photos = st.sampled_from([None, b"1" * 32, b"2" * 32])
_models = st.sampled_from("mn")


def _action(name: str, *arguments: st.SearchStrategy[object]) -> st.SearchStrategy[Action]:
    return st.tuples(st.just(name), st.tuples(*arguments))


actions: st.SearchStrategy[list[Action]] = st.lists(
    st.one_of(
        *[_action("add", collections, _names, points, _models, _photos)] * 3,
        _action("add_to", collections, _some, points, _models, _photos),
        _action("delete", collections, _some),
        _action("move", collections, _some, _some),
        _action("create", collections, _names, st.sampled_from(TEAMS)),
        _action("update", collections, _some, st.none() | _names, st.none() | st.sampled_from(TEAMS)),
        _action("merge", collections, _some, _some),
        _action("dismiss", collections, _some),
        _action("open", collections),
        _action("close", collections),
    ),
    max_size=30,
)


@dataclass
class Player:
    """Carries actions out; a face or a person is known by when they were first heard of."""

    storage: Storage
    faces: list[FaceId] = field(default_factory=list)
    people: list[ProfileId] = field(default_factory=list)

    async def play(self, action: Action) -> object:
        """What is answered, or the kind of the refusal."""
        name, arguments = action
        try:
            return await getattr(self, name)(*arguments)
        except FaceServiceError as error:
            return type(error)

    def face(self, face: Face | None) -> object:
        if face is None:
            return None
        number = self._number(self.faces, face.id)
        person = self._number(self.people, face.profile_id)
        return number, person, face.name, face.recognition_model, face.detection_model, face.collection

    def person(self, profile: Profile | None) -> object:
        if profile is None:
            return None
        number = self._number(self.people, profile.id)
        return number, profile.collection, profile.name, profile.metadata, profile.faces

    def _number(self, known: list[Id], one: Id) -> int:
        if one not in known:
            known.append(one)
        return known.index(one)

    def _face(self, number: int) -> FaceId:
        return self.faces[number] if number < len(self.faces) else NO_FACE

    def _person(self, number: int) -> ProfileId:
        return self.people[number] if number < len(self.people) else NOBODY

    async def everything(self) -> list[object]:
        """All listings."""
        told: list[object] = [await self.storage.collections.list(10)]
        for collection in COLLECTIONS:
            faces = await self.storage.faces.list(FaceFilter(collection), 100)
            told += [self.face(face) for face in faces]
            for team in (None, *TEAMS):
                people = await self.storage.profiles.list(ProfileFilter(collection, metadata=team), 100)
                told.append([self.person(person) for person in people])
        return told

    async def add(
        self,
        collection: str,
        person: PersonName | ProfileId,
        point: tuple[int, int, int],
        model: str,
        photo: bytes | None,
    ) -> object:
        embedding = Embedding.of(np.array(point), model)
        enrolment = await self.storage.faces.add(NewFace(collection, person, embedding, "d", photo))
        return self.face(enrolment.face), enrolment.created

    async def add_to(
        self, collection: str, person: int, point: tuple[int, int, int], model: str, photo: bytes | None
    ) -> object:
        return await self.add(collection, self._person(person), point, model, photo)

    async def delete(self, collection: str, face: int) -> object:
        return await self.storage.faces.delete(collection, self._face(face))

    async def move(self, collection: str, face: int, person: int) -> object:
        ids = self._face(face), self._person(person)
        return self.face(await self.storage.faces.move(collection, *ids))

    async def create(self, collection: str, name: str, metadata: Metadata) -> object:
        return self.person(await self.storage.profiles.create(collection, name, metadata))

    async def update(
        self, collection: str, person: int, name: str | None, metadata: Metadata | None
    ) -> object:
        profile_id = self._person(person)
        return self.person(await self.storage.profiles.update(collection, profile_id, name, metadata))

    async def merge(self, collection: str, source: int, target: int) -> object:
        ids = self._person(source), self._person(target)
        return self.person(await self.storage.profiles.merge(collection, *ids))

    async def dismiss(self, collection: str, person: int) -> object:
        return await self.storage.profiles.delete(collection, self._person(person))

    async def open(self, collection: str) -> object:
        return await self.storage.collections.create(collection)

    async def close(self, collection: str) -> object:
        return collection != DEFAULT_COLLECTION and await self.storage.collections.delete(collection)
