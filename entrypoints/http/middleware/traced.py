"""A span for each request, where the operator has named a collector; and traces passed on to model services."""

import re
from typing import TYPE_CHECKING

from litestar.types import ASGIApp, HTTPResponseStartEvent, Receive, Scope, Send

from application.ports.workers import trace_headers
from application.stages import current_measurements
from entrypoints.http.middleware.access_log import CLIENT_CLOSED_REQUEST
from entrypoints.http.middleware.answer_start import at_start
from entrypoints.http.middleware.measured import known_method
from entrypoints.http.middleware.records import record_of

if TYPE_CHECKING:  # its libraries are an extra
    from adapters.opentelemetry.traces import Traces

_UNTRACED = ("/health", "/metrics", "/v2/health")
"""What is asked every few seconds, by nobody who waits."""
_PARENT = {
    b"traceparent": re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"),
    b"tracestate": re.compile(r"[ -~]{0,512}"),
}
"""Headers of W3C Trace Context, and what they may be to be passed on."""


def traced(app: ASGIApp, traces: "Traces | None") -> ASGIApp:
    """Traces requests; within `measured`, whose stages become spans.

    Without a collector, model services are told of the client's trace.
    """
    if traces is None:
        return _passing_on(app)
    from adapters.opentelemetry.traces import RequestSpan  # noqa: PLC0415

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(_UNTRACED):
            await app(scope, receive, send)
            return

        def note(message: HTTPResponseStartEvent) -> None:
            span.status = message["status"]

        record = record_of(scope)
        parent = _parent(scope)
        span = RequestSpan(record.id, known_method(scope))
        with traces.request(parent, span):
            try:
                await app(scope, receive, at_start(send, note))
            finally:
                span.route = scope.get("path_template")
                span.code = record.code
                if record.left or not span.status:
                    span.status = CLIENT_CLOSED_REQUEST
                if (measurements := current_measurements()) is not None:
                    span.stages = tuple(measurements.stages)

    return answered


def _passing_on(app: ASGIApp) -> ASGIApp:
    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        parent = _parent(scope)
        if not parent:
            await app(scope, receive, send)
            return
        well_formed = all(_PARENT[name.encode()].fullmatch(value) for name, value in parent.items())
        former = trace_headers.set(parent if well_formed and "traceparent" in parent else {})
        try:
            await app(scope, receive, send)
        finally:
            trace_headers.reset(former)

    return answered


def _parent(scope: Scope) -> dict[str, str]:
    """The client's."""
    return {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _PARENT}
