"""An audit entry for each request that somebody with access has sent."""

from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from application.audit import AuditTrail
from application.audit_notes import noting
from domain.audit import AuditEvent
from entrypoints.http.middleware.records import NO_CODE, record_of

CLIENT_LEFT = "client_left"
"""Result of a request whose client left before the answer."""

_MAX_CLIENT = 64
"""Characters of a client's address that are kept; it may come from a proxy's header."""

_UNAUDITED = {"get_metrics", "list_models", "send_liveness_frame", "get_liveness_session"}
"""Operations that touch nothing of anybody enrolled: of a liveness session, its start and its use are recorded."""


def audit_operation(scope: Scope, action: str, *, awaited: bool) -> MutableMapping[str, Any]:
    """Let a request be recorded.

    Args:
        scope: the request's.
        action: the operation.
        awaited: whether the entry is written before the answer.

    Returns:
        What is known before the request is carried out, to be completed: fields of AuditEvent by their names.
    """
    known = {"action": action}
    if action not in _UNAUDITED:
        record_of(scope).audit = known, awaited
    return known


def audited(app: ASGIApp, trail: AuditTrail) -> ASGIApp:
    """Records each request for which `audit_operation` was called, when its answer begins."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        record = record_of(scope)

        async def recorded(message: Message) -> None:
            if message["type"] == "http.response.start":
                await finish("" if record.code == NO_CODE else record.code)
            await send(message)

        async def finish(code: str) -> None:
            if record.audit is None:
                return
            known, awaited = record.audit
            record.audit = None
            client = scope.get("client")
            result = code or notes.result
            event = AuditEvent(
                at=datetime.now(UTC),
                result=result,
                client=client[0][:_MAX_CLIENT] if client else None,
                request_id=record.id,
                **known,
            )
            trail.record(event, notes)
            if awaited:
                await trail.written()

        with noting() as notes:
            try:
                await app(scope, receive, recorded)
            finally:
                await finish(CLIENT_LEFT)

    return answered
