"""What the metrics say of each request, and the header Server-Timing of its answer."""

import time
from functools import lru_cache
from http import HTTPStatus

from litestar.types import ASGIApp, HTTPResponseStartEvent, Receive, Scope, Send
from prometheus_client import Counter

from adapters.prometheus.batches import BatchHistogram
from adapters.prometheus.metrics import (
    COUNTS,
    DECISIONS,
    REFUSALS,
    REQUEST_SECONDS,
    REQUESTS,
    STAGE_SECONDS,
)
from application.stages import Measurements, Stage, measuring
from domain.identification import Verdict
from entrypoints.http.middleware.access_log import CLIENT_CLOSED_REQUEST
from entrypoints.http.middleware.answer_start import at_start
from entrypoints.http.middleware.headers import add_header
from entrypoints.http.middleware.records import NO_CODE, record_of

_METHODS = {"GET", "POST", "PATCH", "DELETE", "OPTIONS"}
_UNKNOWN = "-"
"""A method or a route that the service hasn't: clients could make as many labels as they like."""


def measured(app: ASGIApp) -> ASGIApp:
    """Counts and measures requests."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        status = 0

        def note(message: HTTPResponseStartEvent) -> None:
            nonlocal status
            status = message["status"]
            timing = _server_timing(measurements, time.perf_counter() - began)
            add_header(message, b"server-timing", timing)

        COUNTS.begin()
        try:
            with measuring() as measurements:
                await app(scope, receive, at_start(send, note))
        finally:
            _count(scope, status, measurements, time.perf_counter() - began)
            COUNTS.end()

    return answered


def known_method(scope: Scope) -> str:
    """The request's method, if there is such a one."""
    method = str(scope.get("method"))
    return method if method in _METHODS else _UNKNOWN


def _count(scope: Scope, status: int, measurements: Measurements, seconds: float) -> None:
    record = record_of(scope)
    if record.left or not status:
        status = CLIENT_CLOSED_REQUEST
    route = scope.get("path_template") or _UNKNOWN
    COUNTS.count(_answered(known_method(scope), route, status))
    if route != _UNKNOWN:
        COUNTS.observe(_duration(route), seconds)
    if status >= HTTPStatus.BAD_REQUEST and record.code != NO_CODE:
        COUNTS.count(REFUSALS.labels(record.code))
    for stage, _, took in measurements.stages:
        COUNTS.observe(_stage(stage), took)
    for verdict in measurements.verdicts:
        COUNTS.count(_decided(verdict))


# A metric looks for its labels anew, under a lock; there are few of each.
@lru_cache(1024)
def _answered(method: str, route: str, status: int) -> Counter:
    return REQUESTS.labels(method, route, str(status))


@lru_cache(256)
def _duration(route: str) -> BatchHistogram:
    return REQUEST_SECONDS.labels(route)


@lru_cache(len(Stage))
def _stage(stage: Stage) -> BatchHistogram:
    return STAGE_SECONDS.labels(stage)


@lru_cache(len(Verdict))
def _decided(verdict: Verdict) -> Counter:
    return DECISIONS.labels(verdict)


def _server_timing(measurements: Measurements, total: float) -> str:
    """Milliseconds by stage (W3C Server Timing)."""
    entries = [*measurements.totals().items(), ("total", total)]
    return ", ".join(f"{name};dur={seconds * 1e3:.1f}" for name, seconds in entries)
