"""What is wrong in a gallery."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta

from application.gallery_check.check import GalleryCheck
from domain.gallery_check import LikePeople, MisfitFace, ResembledPerson
from domain.people import Profile, ProfileId
from entrypoints.http.envelope import Success
from entrypoints.http.views.numbers import Id, Least, NextId, Similarity


class CheckedPersonView(msgspec.Struct):
    """A person, and the face of theirs that this is about."""

    profile_id: Id
    name: str
    faces: Annotated[int, Meta(description="How many faces they have")]
    id: Annotated[Id, Meta(description="Of the face")]


class LikePeopleView(msgspec.Struct):
    """Two people who look like the same person."""

    one: CheckedPersonView
    other: CheckedPersonView
    similarity: Annotated[Similarity, Meta(description="Of their nearest faces, cosine, -1 to 1")]
    threshold: Annotated[Least, Meta(description="The similarity at which a search takes one for the other")]
    agreement: Annotated[
        float,
        Meta(
            description="The share of the faces that match the other person, of the person with the lower share, 0 to"
            " 1: with less than half, a wrong face of one of them may be the reason"
        ),
    ]

    @classmethod
    def of(cls, pair: LikePeople, profiles: Mapping[ProfileId, Profile]) -> "LikePeopleView":
        one, other = profiles[pair.one], profiles[pair.other]
        return cls(
            CheckedPersonView(one.id, one.name, one.faces, pair.face),
            CheckedPersonView(other.id, other.name, other.faces, pair.other_face),
            pair.similarity,
            pair.threshold,
            pair.agreement,
        )


class ResemblesView(msgspec.Struct):
    """Whom a face resembles instead."""

    person: CheckedPersonView
    similarity: Similarity
    threshold: Least

    @classmethod
    def of(cls, resembled: ResembledPerson, profile: Profile) -> "ResemblesView":
        person = CheckedPersonView(profile.id, profile.name, profile.faces, resembled.face)
        return cls(person, resembled.similarity, resembled.threshold)


class MisfitView(msgspec.Struct):
    """A face that doesn't fit its person."""

    person: CheckedPersonView
    similarity: Annotated[Similarity, Meta(description="To the person's other faces: the median")]
    threshold: Least
    resembles: Annotated[
        ResemblesView | None, Meta(description="Whom it fits better; null if it fits nobody better")
    ]

    @classmethod
    def of(cls, misfit: MisfitFace, profiles: Mapping[ProfileId, Profile]) -> "MisfitView":
        own, other = profiles[misfit.person], misfit.resembles
        profile = None if other is None else profiles.get(other.person)
        return cls(
            CheckedPersonView(own.id, own.name, own.faces, misfit.face),
            misfit.similarity,
            misfit.threshold,
            None if other is None or profile is None else ResemblesView.of(other, profile),
        )


class GalleryCheckView(msgspec.Struct):
    """What was found; each list has the surest first."""

    collection: str
    recognition_model: str
    people: Annotated[int, Meta(description="Enrolled with this model")]
    faces: Annotated[int, Meta(description="Theirs")]
    checked: Annotated[int, Meta(description="Faces that were compared with all others by this request")]
    duplicates: Annotated[list[LikePeopleView], Meta(description="People whom a search takes for each other")]
    misfits: Annotated[list[MisfitView], Meta(description="Faces that don't fit their person")]
    lookalikes: Annotated[list[LikePeopleView], Meta(description="People who are only just told apart")]

    @classmethod
    def of(cls, check: GalleryCheck) -> "GalleryCheckView":
        profiles = check.profiles
        return cls(
            check.collection,
            check.model,
            check.people,
            check.faces,
            check.checked,
            [LikePeopleView.of(each, profiles) for each in check.duplicates],
            [MisfitView.of(each, profiles) for each in check.misfits],
            [LikePeopleView.of(each, profiles) for each in check.lookalikes],
        )


class GalleryCheckAnswer(Success, kw_only=True):
    """What is wrong in a gallery."""

    data: GalleryCheckView
    next: NextId = UNSET
