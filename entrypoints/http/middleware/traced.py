"""A span for each request, where the operator has named a collector."""

from typing import TYPE_CHECKING

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from application.stages import current_measurements
from entrypoints.http.middleware.access_log import CLIENT_CLOSED_REQUEST
from entrypoints.http.middleware.measured import known_method
from entrypoints.http.middleware.records import record_of

if TYPE_CHECKING:  # its libraries are an extra
    from adapters.opentelemetry.traces import Traces

_UNTRACED = ("/health", "/metrics")
"""What is asked every few seconds, by nobody who waits."""
_PARENT = {b"traceparent", b"tracestate"}


def traced(app: ASGIApp, traces: "Traces | None") -> ASGIApp:
    """Traces requests; within `measured`, whose stages become spans."""
    if traces is None:
        return app
    from adapters.opentelemetry.traces import RequestSpan  # noqa: PLC0415

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(_UNTRACED):
            await app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.status = message["status"]
            await send(message)

        record = record_of(scope)
        parent = {
            name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in _PARENT
        }
        span = RequestSpan(record.id, known_method(scope))
        with traces.request(parent, span):
            try:
                await app(scope, receive, sent)
            finally:
                span.route = scope.get("path_template")
                span.code = record.code
                if record.left or not span.status:
                    span.status = CLIENT_CLOSED_REQUEST
                if (measurements := current_measurements()) is not None:
                    span.stages = tuple(measurements.stages)

    return answered
