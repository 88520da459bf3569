"""/api/audit: who did what."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import UNSET

from application.audit import ReadAudit
from application.ports.audit import AuditFilter
from domain.api_keys import KeyId
from domain.errors import InvalidInput
from domain.people import MAX_ID
from entrypoints.http.openapi.refusals import refusals
from entrypoints.http.requests.parameters import PAGE_SIZE, Limit, ProfileQueryId
from entrypoints.http.views.audit import AuditAnswer, AuditView

# As text: the framework would take numbers for times too.
Time = Annotated[
    str | None, QueryParameter(format="date-time", description="With a time zone: 2026-11-28T09:30:00Z")
]
AfterEntry = Annotated[int | None, QueryParameter(ge=1, le=MAX_ID, format="int64")]
KeyOfQuery = Annotated[
    KeyId | None,
    QueryParameter(ge=1, le=MAX_ID, format="int64", description="The API key that was used"),
]


class AuditController(Controller):
    """The audit trail."""

    path = "/api/audit"
    tags = ("keys",)

    @get(summary="List audit entries", responses=refusals())
    async def list_audit(
        self,
        read_audit: NamedDependency[ReadAudit],
        since: Time = None,
        until: Time = None,
        profile_id: ProfileQueryId = None,
        key_id: KeyOfQuery = None,
        limit: Limit = PAGE_SIZE,
        after: AfterEntry = None,
    ) -> AuditAnswer:
        """Oldest first; each filter narrows the list. `after` is the `next` of the page before."""
        where = AuditFilter(
            since=_time("since", since), until=_time("until", until), profile_id=profile_id, key_id=key_id
        )
        page = await read_audit.list(where, limit, after)
        return AuditAnswer(
            detail="Audit entries retrieved",
            data=[AuditView.of(entry) for entry in page.items],
            next=page.next or UNSET,
        )


def _time(name: str, text: str | None) -> datetime | None:
    """The time that a parameter's text is.

    Raises:
        InvalidInput: it is none (RFC 3339), or has no time zone.
    """
    if text is None:
        return None
    try:
        time = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        raise InvalidInput(f"{name}: not a time as in 2026-11-28T09:30:00Z") from None
    if time.tzinfo is None:
        raise InvalidInput(f"{name}: it needs a time zone, such as Z")
    return time
