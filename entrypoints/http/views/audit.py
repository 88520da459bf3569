"""Audit entries as the API shows them."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.audit import EVENT_FIELDS, AuditEntry, values_of
from entrypoints.http.envelope import Success
from entrypoints.http.views.numbers import Id, NextId

Hash = Annotated[str, Meta(min_length=64, max_length=64, description="SHA-256, hexadecimal")]


class AuditView(msgspec.Struct, omit_defaults=True):
    """What happened."""

    id: Id
    at: datetime
    action: Annotated[str, Meta(description="The operation or command")]
    result: Annotated[str, Meta(description="The verdict, an error's code, or `done`")]
    previous: Annotated[Hash, Meta(description="That of the entry before")]
    hash: Annotated[Hash, Meta(description="That of this entry")]
    key_id: Annotated[Id | UnsetType, Meta(description="The API key that was used")] = UNSET
    client: Annotated[str | UnsetType, Meta(description="The client's address")] = UNSET
    request_id: str | UnsetType = UNSET
    collection: str | UnsetType = UNSET
    profile_ids: Annotated[list[Id] | UnsetType, Meta(description="Whom it was about, or named")] = UNSET
    face_ids: list[Id] | UnsetType = UNSET
    target_keys: Annotated[list[Id] | UnsetType, Meta(description="API keys that were changed")] = UNSET
    names: Annotated[list[str] | UnsetType, Meta(description="With FACE_AUDIT_NAMES=true")] = UNSET
    recognition_model: str | UnsetType = UNSET
    threshold: Annotated[float | UnsetType, Meta(description="The least similarity of a match")] = UNSET

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditView":
        """Show an entry, without what is empty."""
        event: dict[str, Any] = dict(zip(EVENT_FIELDS, values_of(entry.event), strict=True))
        shown = {name: value for name, value in event.items() if value not in (None, (), "")}
        return cls(id=entry.id, previous=entry.previous.hex(), hash=entry.digest().hex(), **shown)


class AuditAnswer(Success, kw_only=True):
    """Audit entries, oldest first."""

    data: list[AuditView]
    next: NextId = UNSET
