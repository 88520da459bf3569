"""What was deleted."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.erasure import ErasedKind, ErasureReceipt, Remnant
from entrypoints.http.envelope import Success
from entrypoints.http.views.numbers import OPTIONAL_ID, Id


class RemnantView(msgspec.Struct, kw_only=True):
    """A place where something remains for a while."""

    where: str
    until: Annotated[str, Meta(description="What ends it, for a person")]
    latest: Annotated[
        datetime | UnsetType, Meta(description="When it ends at the latest, if that is known")
    ] = UNSET

    @classmethod
    def of(cls, remnant: Remnant, since: datetime) -> "RemnantView":
        latest = UNSET if remnant.within is None else since + remnant.within
        return cls(where=remnant.place, until=remnant.until, latest=latest)


class ReceiptView(msgspec.Struct, kw_only=True):
    """Proof of a deletion."""

    deleted: ErasedKind
    collection: str
    id: Annotated[
        Id | UnsetType, Meta(description="Of the face or person", extra_json_schema=OPTIONAL_ID)
    ] = UNSET
    people: Annotated[int, Meta(description="How many people were deleted")]
    faces: Annotated[int, Meta(description="How many faces were deleted")]
    at: Annotated[datetime, Meta(description="From then on it is in no answer")]
    may_remain: Annotated[list[RemnantView], Meta(description="Where something of it is for a while")]

    @classmethod
    def of(cls, receipt: ErasureReceipt) -> "ReceiptView":
        removed = receipt.removed
        return cls(
            deleted=receipt.kind,
            collection=receipt.collection,
            id=UNSET if receipt.id is None else receipt.id,
            people=removed.people,
            faces=removed.faces,
            at=receipt.at,
            may_remain=[RemnantView.of(remnant, receipt.at) for remnant in receipt.remnants],
        )


class ErasedAnswer(Success, kw_only=True):
    """Deleted."""

    receipt: ReceiptView
