"""/api/audit: who did what."""

from datetime import datetime
from typing import Annotated

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

Time = Annotated[datetime | None, QueryParameter(description="With a time zone: 2026-11-28T09:30:00Z")]
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
        for name, time in (("since", since), ("until", until)):
            if time is not None and time.tzinfo is None:
                raise InvalidInput(f"{name}: it needs a time zone, such as Z")
        where = AuditFilter(since=since, until=until, profile_id=profile_id, key_id=key_id)
        page = await read_audit.list(where, limit, after)
        return AuditAnswer(
            detail="Audit entries retrieved",
            data=[AuditView.of(entry) for entry in page.items],
            next=page.next or UNSET,
        )
