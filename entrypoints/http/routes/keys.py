"""/api/key: API keys."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import UNSET

from application.api_keys import LONGEST_OVERLAP, ManageKeys
from domain import errors
from domain.api_keys import KeyId, grant
from domain.limits import DEFAULT_LIMITS
from domain.people import MAX_ID, collection_name
from entrypoints.http.openapi.refusals import refusals
from entrypoints.http.requests.text import MAX_JSON_BYTES, check_json
from entrypoints.http.views.keys import (
    IssuedKeyAnswer,
    IssuedKeyView,
    KeyAnswer,
    KeyChange,
    KeysAnswer,
    KeyView,
    NewKeyBody,
)

KeyOfPath = Annotated[KeyId, PathParameter(ge=1, le=MAX_ID, format="int64")]
Overlap = Annotated[
    int,
    QueryParameter(
        ge=0,
        le=int(LONGEST_OVERLAP.total_seconds()),
        description="For how many seconds the old key stays valid",
    ),
]


class KeyController(Controller):
    """API keys; all operations need a key with the scope `admin`."""

    path = "/api/key"
    tags = ("keys",)

    @get(summary="List API keys", responses=refusals())
    async def list_keys(self, manage_keys: NamedDependency[ManageKeys]) -> KeysAnswer:
        """In the order of their creation, revoked and expired ones too; the newest 1,000 at most."""
        return KeysAnswer(detail="Keys retrieved", data=[KeyView.of(key) for key in await manage_keys.list()])

    @post(
        status_code=HTTPStatus.OK,
        summary="Create an API key",
        before_request=check_json,
        request_max_body_size=MAX_JSON_BYTES,
        responses=refusals(errors.InvalidCollection, errors.ImageTooLarge),
    )
    async def create_key(
        self, manage_keys: NamedDependency[ManageKeys], data: JSONBody[NewKeyBody]
    ) -> IssuedKeyAnswer:
        """The answer has the secret, which can't be shown again: only its SHA-256 is stored."""
        collections = None if data.collections is UNSET else map(collection_name, data.collections)
        expires_at = None if data.expires_at is UNSET else data.expires_at
        limits = KeyChange(data.requests_per_minute, data.concurrent_photos).of(DEFAULT_LIMITS)
        issued = await manage_keys.create(data.name, grant(data.scopes, collections), expires_at, limits)
        return IssuedKeyAnswer(detail="Key created", data=IssuedKeyView.of(issued))

    @patch(
        "/{key_id:int}",
        summary="Change an API key's limits",
        before_request=check_json,
        request_max_body_size=MAX_JSON_BYTES,
        responses=refusals(errors.ApiKeyNotFound, errors.ImageTooLarge),
    )
    async def change_key(
        self, manage_keys: NamedDependency[ManageKeys], key_id: KeyOfPath, data: JSONBody[KeyChange]
    ) -> KeyAnswer:
        """Limits that are absent stay as they are; every process obeys within two seconds."""
        return KeyAnswer(detail="Key changed", data=KeyView.of(await manage_keys.change(key_id, data.of)))

    @post(
        "/{key_id:int}/rotate",
        status_code=HTTPStatus.OK,
        summary="Replace an API key",
        responses=refusals(errors.ApiKeyNotFound),
    )
    async def rotate_key(
        self, manage_keys: NamedDependency[ManageKeys], key_id: KeyOfPath, overlap: Overlap = 0
    ) -> IssuedKeyAnswer:
        """A new key with the same name, permissions and limits; the old one stays valid for `overlap` seconds."""
        issued = await manage_keys.rotate(key_id, timedelta(seconds=overlap))
        return IssuedKeyAnswer(detail="Key replaced", data=IssuedKeyView.of(issued))

    @delete(
        "/{key_id:int}",
        status_code=HTTPStatus.OK,
        summary="Revoke an API key",
        responses=refusals(errors.ApiKeyNotFound),
    )
    async def revoke_key(self, manage_keys: NamedDependency[ManageKeys], key_id: KeyOfPath) -> KeyAnswer:
        """For good; every process of the service refuses it within two seconds."""
        return KeyAnswer(detail="Key revoked", data=KeyView.of(await manage_keys.revoke(key_id)))
