"""Traces: what a collector gets, and what happens without one."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.e2e.service import Service, completed, free_port

MEMORY = {"FACE_DATABASE_URL": "memory"}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Its address, and the bodies that it gets."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/traces", bodies
        finally:
            server.shutdown()
            thread.join()


def spans(bodies: list[bytes]) -> list[Span]:
    return [
        span
        for body in bodies
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def attributes(span: Span) -> dict[str, object]:
    return {each.key: each.value.int_value or each.value.string_value for each in span.attributes}


def test_a_request_and_its_stages(tmp_path: Path, astronaut: bytes) -> None:
    with collector() as (url, bodies):
        with Service(tmp_path, {**MEMORY, "FACE_TRACES_URL": url}) as service:
            service.register("Ada Lovelace", astronaut).raise_for_status()
            answer = service.client.post(
                "/api/face/recognize?collection=default",
                files={"image": ("ada.png", astronaut)},
                headers={"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-Id": "of-the-client"},
            )
            answer.raise_for_status()
            assert service.client.get("/api/face/999/nowhere").status_code == 404
            assert service.client.delete("/api/face/999").status_code == 404
        roots = {span.name: span for span in spans(bodies) if span.kind == Span.SPAN_KIND_SERVER}
    assert set(roots) == {
        "POST /api/face/register",
        "POST /api/face/recognize",
        "GET",
        "DELETE /api/face/{face_id}",
    }
    recognition = roots["POST /api/face/recognize"]
    assert (recognition.trace_id.hex(), recognition.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(recognition) == {
        "http.request.method": "POST",
        "http.route": "/api/face/recognize",
        "http.response.status_code": 200,
        "face.request_id": "of-the-client",
    }
    assert attributes(roots["DELETE /api/face/{face_id}"])["error.type"] == "face_not_found"
    stages = [span for span in spans(bodies) if span.parent_span_id == recognition.span_id]
    assert {"queue", "decode", "detect", "refine", "align", "embed", "quality", "search"} <= {
        span.name for span in stages
    }
    for span in stages:
        assert recognition.start_time_unix_nano <= span.start_time_unix_nano
        assert span.start_time_unix_nano < span.end_time_unix_nano <= recognition.end_time_unix_nano
    sent = b"".join(bodies)
    for private in (b"Ada", b"ada.png", b"Lovelace", b"127.0.0.1", b"collection=", b"999"):
        assert private not in sent


def test_a_client_may_ask_not_to_be_traced(tmp_path: Path) -> None:
    with collector() as (url, bodies):
        with Service(tmp_path, {**MEMORY, "FACE_TRACES_URL": url}) as service:
            service.client.get("/api/face", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})
            service.client.get("/api/profile", headers={b"traceparent": b"00-nonsense-\xff"})
        assert [span.name for span in spans(bodies)] == ["GET /api/profile"]


@pytest.mark.parametrize("listening", [False, True])
def test_a_collector_that_does_not_answer(tmp_path: Path, astronaut: bytes, *, listening: bool) -> None:
    """Requests are answered, and the service ends; the log says what became of the spans."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:  # nobody serves it
        port = silent.server_port if listening else free_port()
        with Service(
            tmp_path, {**MEMORY, "FACE_TRACES_URL": f"http://127.0.0.1:{port}/v1/traces"}
        ) as service:
            service.register("Ada", astronaut).raise_for_status()
            assert service.stop() == 0
    log = service.log.read_text()
    assert "span" in log
    assert "Traceback" not in log


def test_without_the_packages_the_start_stops(tmp_path: Path) -> None:
    start = "import sys; sys.modules['opentelemetry'] = None; from entrypoints.cli import main; main()"
    settings = {"FACE_TRACES_URL": "http://localhost:4318/v1/traces", "FACE_PORT": "0", **MEMORY}
    settings["FACE_DATA_DIR"] = str(tmp_path / "data")
    done = completed(tmp_path, sys.executable, "-c", start, "serve", **settings)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("face-api: FACE_TRACES_URL: traces need packages")
    assert "Traceback" not in done.stderr
