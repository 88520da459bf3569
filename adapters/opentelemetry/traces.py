"""Spans of requests and of their stages, in OpenTelemetry's protocol over HTTP.

Nothing of a request but its method, its route, its status and its id is in them: no name, no address, no query.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from application.ports.workers import trace_headers
from application.stages import StageTime

EXPORT_S = 5.0
"""Within which a collector takes a batch of spans. What it doesn't take is dropped, and logged."""
CLOSE_S = 2.0
"""How long the end of the service waits for the last batch."""
MOST_WAITING = 2048
"""Spans that wait to be sent; more are dropped."""
MOST_STAGES = 200
"""Spans of stages of one request; a batch of photos has many more."""

_SERVER_ERRORS = 500
_PARENT = TraceContextTextMapPropagator()


@dataclass(slots=True)
class RequestSpan:
    """What is known of a request when it ends."""

    request_id: str
    method: str
    route: str | None = None
    """The address's template; None if there is no such address."""
    status: int = 0
    code: str = "-"
    """Of the error that the answer is."""
    stages: tuple[StageTime, ...] = ()


class Traces:
    """Sends spans in batches, from a thread of its own."""

    def __init__(self, url: str, service: str, version: str) -> None:
        """Begin, without asking the collector anything.

        Args:
            url: where the collector takes OTLP over HTTP, as `http://localhost:4318/v1/traces`.
            service: its name.
            version: the service's.
        """
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": service, "service.version": version}),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(url, timeout=EXPORT_S)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=MOST_WAITING))
        self._tracer = self._provider.get_tracer("face-api", version)

    @contextmanager
    def request(self, headers: Mapping[str, str], known: RequestSpan) -> Iterator[RequestSpan]:
        """Trace a request, as a part of its client's trace if it has one; `known` is read at the end.

        What is asked of other services meanwhile is a part of it.

        Args:
            headers: `traceparent` and `tracestate` (W3C Trace Context), if the client sent them.
            known: what the caller completes meanwhile.
        """
        began, clock = time.time_ns(), time.perf_counter()
        span = self._tracer.start_span(
            known.method, context=_PARENT.extract(headers), kind=SpanKind.SERVER, start_time=began
        )
        passed_on: dict[str, str] = {}
        _PARENT.inject(passed_on, set_span_in_context(span))
        former = trace_headers.set(passed_on)
        try:
            yield known
        finally:
            trace_headers.reset(former)
            if span.is_recording():
                self._complete(span, known, began - round(clock * 1e9))
            span.end()

    def close(self) -> None:
        """Send what waits, unless that takes too long."""
        self._provider.force_flush(round(CLOSE_S * 1e3))
        self._provider.shutdown()

    def _complete(self, span: Span, known: RequestSpan, offset_ns: int) -> None:
        span.update_name(known.method if known.route is None else f"{known.method} {known.route}")
        span.set_attribute("http.request.method", known.method)
        span.set_attribute("face.request_id", known.request_id)
        if known.route is not None:
            span.set_attribute("http.route", known.route)
        if known.status:
            span.set_attribute("http.response.status_code", known.status)
        if known.code != "-":
            span.set_attribute("error.type", known.code)
        if known.status >= _SERVER_ERRORS:
            span.set_status(StatusCode.ERROR)
        within = set_span_in_context(span)
        for each in known.stages[:MOST_STAGES]:
            start = offset_ns + round(each.began * 1e9)
            part = self._tracer.start_span(each.stage.value, context=within, start_time=start)
            part.end(start + round(each.seconds * 1e9))
