"""The generator of load, against a small server whose answers are known."""

import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from multipart import MultipartSegment, PushMultipartParser

from tests.benchmarks.load import HOST, json_request, photo_request, run


class Answering(ThreadingHTTPServer):
    """Answers each request with the next of the statuses; 0 breaks the connection, 202 is said to be the last one."""

    def __init__(self, statuses: list[int]) -> None:
        super().__init__((HOST, 0), _Handler)
        self.statuses = statuses
        self.bodies: list[bytes] = []
        self.kinds: list[str] = []
        self.lock = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Answering

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        with self.server.lock:
            status = self.server.statuses[len(self.server.bodies) % len(self.server.statuses)]
            self.server.bodies.append(body)
            self.server.kinds.append(self.headers["content-type"])
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("content-length", "2")
        if status == HTTPStatus.ACCEPTED:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def answering(request: pytest.FixtureRequest) -> Iterator[Answering]:
    with Answering(request.param) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("answering", [[200, 202, 202]], indirect=True)
def test_a_client_that_is_asked_to_connects_again(answering: Answering) -> None:
    outcome = run(answering.server_port, [json_request(b"{}")], clients=2, seconds=30, most=30)
    assert outcome.statuses == {200: 10, 202: 20}
    assert (len(outcome.answered), outcome.errors) == (30, 0)


@pytest.mark.parametrize("answering", [[200, 404, 503]], indirect=True)
def test_every_answer_is_counted_and_503_is_an_error(answering: Answering) -> None:
    outcome = run(answering.server_port, [json_request(b"{}")], clients=2, seconds=30, most=9)
    assert outcome.statuses == {200: 3, 404: 3, 503: 3}
    assert (len(outcome.answered), outcome.errors, outcome.broken) == (9, 3, 0)
    assert outcome.per_second == pytest.approx(6 / outcome.seconds)
    assert 0 < max(outcome.answered) <= outcome.seconds
    assert outcome.processor_s > 0


@pytest.mark.parametrize("answering", [[200, 0]], indirect=True)
def test_a_broken_connection_is_an_error(answering: Answering) -> None:
    outcome = run(answering.server_port, [json_request(b"{}")], clients=1, seconds=30)
    assert (outcome.statuses, outcome.broken, outcome.errors) == ({200: 1}, 1, 1)


@pytest.mark.parametrize("answering", [[200]], indirect=True)
def test_requests_take_turns(answering: Answering) -> None:
    run(answering.server_port, [json_request(b"1"), json_request(b"22")], clients=1, seconds=30, most=4)
    assert answering.bodies == [b"1", b"22", b"1", b"22"]


@pytest.mark.parametrize("answering", [[200]], indirect=True)
def test_load_ends_in_time(answering: Answering) -> None:
    outcome = run(answering.server_port, [json_request(b"{}")], clients=1, seconds=0.2)
    assert len(outcome.answered) > 0
    assert 0.2 <= outcome.seconds < 30


@pytest.mark.parametrize("answering", [[200]], indirect=True)
def test_a_photo_arrives_as_a_form(answering: Answering) -> None:
    photo = bytes(range(256)) * 4
    run(answering.server_port, [photo_request(photo)], clients=1, seconds=30, most=1)
    boundary = answering.kinds[0].removeprefix("multipart/form-data; boundary=")
    name, content = "", bytearray()
    with PushMultipartParser(boundary) as parser:
        for event in parser.parse(answering.bodies[0]):
            if isinstance(event, MultipartSegment):
                name = event.name
            elif event:
                content += event
    assert (name, bytes(content)) == ("image", photo)


@pytest.mark.parametrize(("clients", "seconds"), [(0, 1), (257, 1), (1, 0), (1, 601)])
def test_load_is_bounded(clients: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="at most"):
        run(1, [b""], clients, seconds)
