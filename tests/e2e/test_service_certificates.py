"""Services that know each other by certificates, and a trace that goes through them."""

import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.certificates import Authority, needs_openssl
from tests.e2e.model_service import ModelService
from tests.e2e.service import Service, face_api, one_line
from tests.e2e.test_traces import PARENT, TRACE, attributes, collector, spans

pytestmark = needs_openssl
INFER = "POST /v2/models/{model}/infer"


def settings(authority: Authority, name: str) -> dict[str, str]:
    certificate, key = authority.certify(name)
    return {
        "FACE_SERVICE_CERTIFICATE": str(certificate),
        "FACE_SERVICE_CERTIFICATE_KEY": str(key),
        "FACE_SERVICE_CA": str(authority.certificate),
    }


def context(authority: Authority, shown: Authority | None) -> ssl.SSLContext:
    """What a client trusts and shows."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(authority.certificate)
    if shown is not None:
        made.load_cert_chain(*shown.certify("client"))
    return made


@dataclass
class Certified:
    """A model service that asks for certificates, and who has signed its own."""

    models: ModelService
    ours: Authority
    others: Authority
    bodies: list[bytes]
    """What the collector of traces gets."""
    traces: dict[str, str]

    def api(self, folder: Path, authority: Authority, **more: str) -> Service:
        urls = {"FACE_DETECTION_URL": self.models.url, "FACE_RECOGNITION_URL": self.models.url}
        own = {"FACE_DATABASE_URL": "memory", **urls, **settings(authority, "api"), **more}
        own["FACE_SERVICE_CA"] = str(self.ours.certificate)
        return Service(folder, own, from_nothing=True)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    folder = tmp_path_factory.mktemp("certified")
    ours, others = Authority(folder, "ours"), Authority(folder, "others")
    with collector() as (url, bodies):
        traces = {"FACE_TRACES_URL": url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        models = ModelService(
            folder, "detection,recognition", {**settings(ours, "models"), **traces}, tls=context(ours, ours)
        )
        with models:
            yield Certified(models, ours, others, bodies, traces)


def test_a_photo_goes_through_and_so_does_its_trace(
    certified: Certified, tmp_path: Path, astronaut: bytes
) -> None:
    with certified.api(tmp_path, certified.ours, **certified.traces) as api:
        answer = api.client.post(
            "/api/face/embed",
            files={"image": ("photo", astronaut)},
            headers={"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-Id": "through-tls"},
        )
        assert answer.status_code == 200, answer.text
        assert api.client.get("/health/ready").status_code == 200
        deadline = time.monotonic() + 60
        while len(named(certified.bodies, INFER)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
    (request,) = named(certified.bodies, "POST /api/face/embed")  # it was sent before the API had ended
    inferences = named(certified.bodies, INFER)
    assert request.parent_span_id.hex() == PARENT
    assert {span.parent_span_id for span in inferences} == {request.span_id}
    assert {attributes(span)["face.request_id"] for span in (request, *inferences)} == {"through-tls"}
    assert certified.models.log.read_text().count("request=through-tls") >= 2


def named(bodies: list[bytes], name: str) -> list[Span]:
    """The spans of this name that are of the trace."""
    return [span for span in spans(bodies) if span.name == name and span.trace_id.hex() == TRACE]


@pytest.mark.parametrize("shown", [False, True], ids=["none", "of others"])
def test_whoever_has_no_certificate_of_ours_is_not_answered(certified: Certified, *, shown: bool) -> None:
    asking = context(certified.ours, certified.others if shown else None)
    with (
        httpx.Client(base_url=certified.models.url, verify=asking, timeout=60) as client,
        pytest.raises((httpx.ReadError, httpx.ConnectError, httpx.RemoteProtocolError)),
    ):
        client.get("/v2/health/ready")
    with pytest.raises(httpx.TransportError):
        httpx.get(certified.models.url.replace("https", "http"), timeout=60)
    assert certified.models.ready()


def test_an_api_with_a_certificate_of_others_says_that_it_has_no_models(
    certified: Certified, tmp_path: Path
) -> None:
    api = certified.api(tmp_path, certified.others)
    api.ready_path = "/health/live"  # type: ignore[misc]
    with api:
        ready = api.client.get("/health/ready")
        assert (ready.status_code, ready.json()["code"]) == (503, "model_unavailable")
        wait_for(api, "doesn't answer")


def test_an_api_that_trusts_others_asks_nothing(certified: Certified, tmp_path: Path) -> None:
    api = certified.api(tmp_path, certified.ours)
    api.settings["FACE_SERVICE_CA"] = str(certified.others.certificate)
    api.ready_path = "/health/live"  # type: ignore[misc]
    with api:
        assert api.client.get("/health/ready").status_code == 503
        wait_for(api, "SSLCertVerificationError")


def wait_for(api: Service, words: str) -> None:
    deadline = time.monotonic() + 60
    while words not in api.log.read_text():
        assert time.monotonic() < deadline, api.log.read_text()
        time.sleep(0.05)


def test_connections_that_never_begin_keep_nobody_out(certified: Certified) -> None:
    silent = [socket.create_connection(("127.0.0.1", certified.models.port)) for _ in range(50)]
    silent[0].sendall(b"GET / HTTP/1.1\r\n\r\n")
    silent[1].sendall(b"\x16\x03\x01\x40\x00")
    try:
        assert certified.models.ready()
    finally:
        for connection in silent:
            connection.close()


def test_a_renewed_certificate_is_shown_without_a_restart(certified: Certified) -> None:
    def seen() -> bytes | None:
        asking = context(certified.ours, certified.ours)
        with (
            socket.create_connection(("127.0.0.1", certified.models.port), 60) as connection,
            asking.wrap_socket(connection, server_hostname="127.0.0.1") as secured,
        ):
            return secured.getpeercert(binary_form=True)

    former = seen()
    certificate, _ = certified.ours.certify("models")
    assert seen() == ssl.PEM_cert_to_DER_cert(certificate.read_text()) != former
    assert certified.models.ready()


@pytest.mark.parametrize("command", ["serve", "serve-models"])
def test_what_is_missing_is_one_line(tmp_path: Path, command: str) -> None:
    told = face_api(
        tmp_path,
        command,
        FACE_PORT="0",
        FACE_DATABASE_URL="memory",
        FACE_DETECTION_URL="https://127.0.0.1:9",
        FACE_RECOGNITION_URL="https://127.0.0.1:9",
        FACE_SERVICE_CERTIFICATE=str(tmp_path / "service.pem"),
    )
    assert told.returncode == 1
    assert one_line(told.stderr).endswith("FACE_SERVICE_CERTIFICATE: FACE_SERVICE_CERTIFICATE_KEY is missing")
