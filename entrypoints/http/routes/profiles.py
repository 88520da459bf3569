"""/api/profile: the people who are registered."""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from msgspec import UNSET, Meta

from application.people import ManageProfiles
from application.ports.people import ProfileFilter
from application.right_of_access import ExportPerson
from domain import errors
from domain.people import DEFAULT_COLLECTION, MAX_ID, ProfileId
from entrypoints.http.openapi.refusals import refusals
from entrypoints.http.requests.parameters import (
    PAGE_SIZE,
    AfterFace,
    AfterProfile,
    Collection,
    Limit,
    MetadataFilter,
    ProfilePathId,
    metadata_filter,
)
from entrypoints.http.requests.text import MAX_JSON_BYTES, check_json
from entrypoints.http.views.erasure import ErasedAnswer, ReceiptView
from entrypoints.http.views.people import (
    PersonAnswer,
    PersonView,
    ProfileAnswer,
    ProfilesAnswer,
    ProfileView,
)
from entrypoints.http.views.right_of_access import StoredPersonAnswer, StoredPersonView

MAX_EXPORTED_FACES = 100
"""Faces of a page, which may have a picture each."""

FreeMetadata = Annotated[dict[str, Any], Meta(description="Any JSON object of at most 8,192 bytes")]


class NewProfile(msgspec.Struct, forbid_unknown_fields=True):
    """A person to create."""

    name: str
    metadata: FreeMetadata = {}


class ProfileChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be replaced."""

    name: str | None = None
    metadata: FreeMetadata | None = None


class ProfileController(Controller):
    """People."""

    path = "/api/profile"
    tags = ("people",)

    @get(
        summary="List people",
        responses=refusals(
            errors.CollectionNotFound, errors.InvalidCollection, errors.InvalidMetadata, errors.InvalidName
        ),
    )
    async def list_profiles(
        self,
        manage_profiles: NamedDependency[ManageProfiles],
        name: Annotated[str | None, QueryParameter(description="What names begin with")] = None,
        metadata: MetadataFilter = None,
        limit: Limit = PAGE_SIZE,
        after: AfterProfile = None,
        collection: Collection = DEFAULT_COLLECTION,
    ) -> ProfilesAnswer:
        """Oldest first; each filter narrows the list. `after` is the `next` of the page before."""
        where = ProfileFilter(collection, name, metadata_filter(metadata))
        page = await manage_profiles.list(where, limit, after)
        return ProfilesAnswer(
            detail="People retrieved",
            data=[ProfileView.of(profile) for profile in page.items],
            next=page.next or UNSET,
        )

    @post(
        status_code=HTTPStatus.OK,
        summary="Create a person",
        before_request=check_json,
        request_max_body_size=MAX_JSON_BYTES,
        responses=refusals(
            errors.ImageTooLarge,
            errors.InvalidCollection,
            errors.InvalidName,
            errors.InvalidMetadata,
            errors.NameTaken,
            errors.CollectionNotFound,
        ),
    )
    async def create_profile(
        self,
        manage_profiles: NamedDependency[ManageProfiles],
        data: JSONBody[NewProfile],
        collection: Collection = DEFAULT_COLLECTION,
    ) -> ProfileAnswer:
        """A person without faces."""
        profile = await manage_profiles.create(collection, data.name, data.metadata)
        return ProfileAnswer(detail="Person created", data=ProfileView.of(profile))

    @get(
        "/{profile_id:int}",
        summary="Get a person",
        responses=refusals(errors.CollectionNotFound, errors.InvalidCollection, errors.ProfileNotFound),
    )
    async def get_profile(
        self,
        manage_profiles: NamedDependency[ManageProfiles],
        profile_id: ProfilePathId,
        collection: Collection = DEFAULT_COLLECTION,
    ) -> PersonAnswer:
        """A person and their first 1,000 faces; `/api/face` lists more."""
        person = await manage_profiles.get(collection, profile_id)
        return PersonAnswer(detail="Person retrieved", data=PersonView.of(person))

    @get(
        "/{profile_id:int}/export",
        summary="Everything that is stored about a person",
        responses=refusals(errors.CollectionNotFound, errors.InvalidCollection, errors.ProfileNotFound),
    )
    async def export_profile(
        self,
        export_person: NamedDependency[ExportPerson],
        profile_id: ProfilePathId,
        limit: Annotated[
            int, QueryParameter(ge=1, le=MAX_EXPORTED_FACES, description="Faces a page")
        ] = MAX_EXPORTED_FACES,
        after: AfterFace = None,
        collection: Collection = DEFAULT_COLLECTION,
    ) -> StoredPersonAnswer:
        """The right of access: with embeddings and stored pictures. `after` is the `next` of the page before."""
        stored = await export_person.execute(collection, profile_id, limit, after)
        return StoredPersonAnswer(
            detail="Person exported", data=StoredPersonView.of(stored), next=stored.next or UNSET
        )

    @patch(
        "/{profile_id:int}",
        summary="Rename a person, or replace their metadata",
        before_request=check_json,
        request_max_body_size=MAX_JSON_BYTES,
        responses=refusals(
            errors.ImageTooLarge,
            errors.CollectionNotFound,
            errors.InvalidCollection,
            errors.InvalidName,
            errors.InvalidMetadata,
            errors.NameTaken,
            errors.ProfileNotFound,
        ),
    )
    async def update_profile(
        self,
        manage_profiles: NamedDependency[ManageProfiles],
        profile_id: ProfilePathId,
        data: JSONBody[ProfileChange],
        collection: Collection = DEFAULT_COLLECTION,
    ) -> ProfileAnswer:
        """What is left out stays."""
        profile = await manage_profiles.update(collection, profile_id, data.name, data.metadata)
        return ProfileAnswer(detail="Person changed", data=ProfileView.of(profile))

    @post(
        "/{profile_id:int}/merge",
        status_code=HTTPStatus.OK,
        summary="Merge two people who are one",
        responses=refusals(errors.CollectionNotFound, errors.InvalidCollection, errors.ProfileNotFound),
    )
    async def merge_profiles(
        self,
        manage_profiles: NamedDependency[ManageProfiles],
        profile_id: ProfilePathId,
        into: Annotated[
            ProfileId,
            QueryParameter(ge=1, le=MAX_ID, format="int64", description="The person who stays"),
        ],
        collection: Collection = DEFAULT_COLLECTION,
    ) -> ProfileAnswer:
        """Gives all faces of this person to another; this one goes."""
        profile = await manage_profiles.merge(collection, profile_id, into)
        return ProfileAnswer(detail="People merged", data=ProfileView.of(profile))

    @delete(
        "/{profile_id:int}",
        status_code=HTTPStatus.OK,
        summary="Delete a person",
        responses=refusals(errors.CollectionNotFound, errors.InvalidCollection, errors.ProfileNotFound),
    )
    async def delete_profile(
        self,
        manage_profiles: NamedDependency[ManageProfiles],
        profile_id: ProfilePathId,
        collection: Collection = DEFAULT_COLLECTION,
    ) -> ErasedAnswer:
        """Deletes a person and all their faces for good."""
        receipt = await manage_profiles.delete(collection, profile_id)
        return ErasedAnswer(detail="Person deleted", receipt=ReceiptView.of(receipt))
