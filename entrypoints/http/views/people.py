"""People and collections."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.people import PersonWithFaces
from domain.people import Collection
from domain.retention import RetentionFrom
from entrypoints.http.envelope import Success
from entrypoints.http.views import Mirror
from entrypoints.http.views.enrolment import FaceView
from entrypoints.http.views.numbers import Id, NextId


class ProfileView(Mirror):
    """A person."""

    id: Id
    name: str
    metadata: dict[str, Any]
    faces: Annotated[int, Meta(description="How many faces they have")]


class ProfileAnswer(Success, kw_only=True):
    """A person."""

    data: ProfileView


class ProfilesAnswer(Success, kw_only=True):
    """People, oldest first."""

    data: list[ProfileView]
    next: NextId = UNSET


class PersonView(msgspec.Struct):
    """A person and their faces."""

    id: Id
    name: str
    metadata: dict[str, Any]
    faces: list[FaceView]

    @classmethod
    def of(cls, person: PersonWithFaces) -> "PersonView":
        profile = person.profile
        return cls(
            profile.id, profile.name, dict(profile.metadata), [FaceView.of(face) for face in person.faces]
        )


class PersonAnswer(Success, kw_only=True):
    """A person and their faces."""

    data: PersonView


class CollectionView(msgspec.Struct):
    """A collection."""

    name: str
    profiles: Annotated[int, Meta(description="How many people are in it")]
    retention_days: Annotated[int | None, Meta(description="How long people are kept; null: for good")]
    retention_from: Annotated[RetentionFrom, Meta(description="From when on the days are counted.")]

    @classmethod
    def of(cls, collection: Collection) -> "CollectionView":
        rule = collection.retention
        return cls(collection.name, collection.profiles, rule.days, rule.since)


class CollectionAnswer(Success, kw_only=True):
    """A collection."""

    data: CollectionView


class CollectionsAnswer(Success, kw_only=True):
    """Collections, by name."""

    data: list[CollectionView]
    next: Annotated[
        str | UnsetType, Meta(description="There is more: send this as `after` for the next page")
    ] = UNSET
