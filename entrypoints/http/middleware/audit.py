"""An audit entry for each request that somebody with access has sent."""

from collections.abc import Awaitable, MutableMapping
from datetime import UTC, datetime
from typing import Any

from litestar.types import ASGIApp, HTTPResponseStartEvent, Receive, Scope, Send

from application.audit import AuditTrail
from application.audit_notes import noting
from domain.audit import AuditEvent
from entrypoints.http.middleware.answer_start import at_start
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

        def finish(code: str) -> Awaitable[object] | None:
            if record.audit is None:
                return None
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
            return trail.written() if awaited else None

        def recorded(_: HTTPResponseStartEvent) -> Awaitable[object] | None:
            return finish("" if record.code == NO_CODE else record.code)

        with noting() as notes:
            try:
                await app(scope, receive, at_start(send, recorded))
            finally:
                if (waiting := finish(CLIENT_LEFT)) is not None:
                    await waiting

    return answered
