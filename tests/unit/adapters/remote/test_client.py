"""The client of model services: deadlines, circuit breakers, other URLs, and whose weights an answer is of."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from http.server import BaseHTTPRequestHandler

import numpy as np
import pytest

from adapters.remote import client as remote_client
from adapters.remote import endpoint
from adapters.remote.client import ModelServiceClient
from adapters.remote.endpoint import LEFT_OUT_S, Endpoint
from adapters.remote.protocol import CHALLENGE, HEADER_LENGTH, read_request
from application.ports.workers import queued_at, request_id, trace_headers
from domain.errors import BrokenModel, Busy, FaceServiceError, InvalidImage, ModelUnavailable
from tests.unit.adapters.remote.servers import (
    MODEL,
    Server,
    answer,
    ask_for_key,
    drip,
    drop,
    hang,
    refuse,
    serving,
)

Connect = Callable[..., ModelServiceClient]
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    monkeypatch.setattr(remote_client, "PROBE_S", 60)
    monkeypatch.setattr(endpoint, "PROBE_S", 60)
    with ExitStack() as stack:

        def connect(*urls: str, key: str = "", timeout_s: float = 60) -> ModelServiceClient:
            client = ModelServiceClient("detection", urls, key, timeout_s)
            stack.callback(client.close)
            return client

        yield connect


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def ask(client: ModelServiceClient) -> list[float]:
    _, found = client.infer(MODEL, {"x": np.array([1, 2], np.float32)}, {})
    doubled: list[float] = found["y"].tolist()
    return doubled


def test_an_answer(connect: Connect, server: Server) -> None:
    assert ask(connect(server.url)) == [2, 4]


def test_request_id_and_trace_are_passed_on(connect: Connect, server: Server) -> None:
    tokens = request_id.set("tour-7"), trace_headers.set({"traceparent": "00-1-2-01"})
    ask(connect(server.url))
    request_id.reset(tokens[0])
    trace_headers.reset(tokens[1])
    (sent,) = server.requests
    assert sent["x-request-id"] == "tour-7"
    assert sent["traceparent"] == "00-1-2-01"


def test_the_key_is_for_services_of_ours_alone(connect: Connect, server: Server) -> None:
    client = connect(server.url, key="secret-secret-secret")
    ask(client)
    assert "authorization" not in server.requests[-1]
    for said, shown in (('Bearer realm="a gateway"', False), (CHALLENGE, True)):
        server.say = ask_for_key("secret-secret-secret", said)
        if shown:
            assert [ask(client) for _ in range(2)] == [[2, 4]] * 2
        else:
            with pytest.raises(ModelUnavailable, match="refuses"):
                ask(client)
        assert ("authorization" in server.requests[-1]) is shown
    assert len(server.requests) == 5  # asked for it once


def test_another_key_is_shown_once(connect: Connect, server: Server) -> None:
    server.say = ask_for_key("another-secret-secret", CHALLENGE)
    with pytest.raises(ModelUnavailable, match="refuses"):
        ask(connect(server.url, key="secret-secret-secret"))
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "stated",
    [{"sha256": "b" * 64}, {"sha256": ""}, {"dimensions": 3}, {"embeddings": 2}],
    ids=["other", "none", "length", "kind"],
)
def test_other_weights_are_refused(connect: Connect, server: Server, stated: dict[str, object]) -> None:
    client = connect(server.url)
    assert ask(client) == [2, 4]
    server.say = partial(answer, **stated)  # type: ignore[arg-type]
    with pytest.raises(BrokenModel, match="detection service"):
        ask(client)
    server.say = answer
    assert ask(client) == [2, 4]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (422, "invalid_image", InvalidImage),
        (503, "busy", Busy),
        (503, "broken_model", BrokenModel),
        (503, "unavailable", ModelUnavailable),
        (502, "", ModelUnavailable),
        (500, "internal_error", ModelUnavailable),
        (401, "unauthenticated", ModelUnavailable),
        (404, "unknown_model", ModelUnavailable),
        (302, "", ModelUnavailable),
    ],
)
def test_what_a_service_refuses(
    connect: Connect, server: Server, status: int, code: str, kind: type[FaceServiceError]
) -> None:
    server.say = refuse(status, code, "The words of the service.")
    with pytest.raises(FaceServiceError) as refused:
        ask(connect(server.url))
    assert type(refused.value) is kind or isinstance(refused.value, kind)
    ours = kind in {InvalidImage, Busy, BrokenModel}
    assert (str(refused.value) == "The words of the service.") == ours


@pytest.mark.parametrize("bad", [hang, drip])
def test_nothing_takes_longer_than_the_deadline(connect: Connect, bad: Callable[..., None]) -> None:
    with serving(bad) as server:
        began = time.monotonic()
        with pytest.raises(ModelUnavailable):
            ask(connect(server.url, timeout_s=0.5))
        assert time.monotonic() - began < 60


def test_a_server_that_takes_a_request_slowly_gets_no_more_of_it_after_the_deadline(connect: Connect) -> None:
    """Its steps are in time, each by itself; all of them together would take three seconds."""
    taken = 0

    def take(listener: socket.socket) -> None:
        nonlocal taken
        connection, _ = listener.accept()
        with connection:
            while part := connection.recv(1_000_000, socket.MSG_WAITALL):
                taken += len(part)
                time.sleep(0.1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=take, args=(listener,))
        thread.start()
        client = connect(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_s=0.5)
        with pytest.raises(ModelUnavailable):
            client.infer(MODEL, {"x": np.zeros(30_000_000, np.uint8)}, {})
        # On a loaded machine the time is over before the client connects: then this is what is accepted.
        socket.create_connection(listener.getsockname()).close()
        thread.join()
    assert taken < 25_000_000


def test_the_deadline_counts_from_when_the_work_was_queued(connect: Connect, server: Server) -> None:
    token = queued_at.set(time.monotonic() - 2)
    try:
        with pytest.raises(ModelUnavailable):
            ask(connect(server.url, timeout_s=1))
    finally:
        queued_at.reset(token)
    assert server.requests == []


def test_a_service_is_told_less_than_the_client_waits(connect: Connect, server: Server) -> None:
    told: list[float] = []

    def say(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        request, _ = read_request(body, handler.headers[HEADER_LENGTH])
        told.append(float(request.parameters["timeout"] or 0) / 1e6)
        answer(handler, body)

    server.say = say
    ask(connect(server.url, timeout_s=200))
    assert 100 < told[0] <= 180


def test_a_dead_kept_connection_is_not_noticed(connect: Connect, server: Server) -> None:
    client = connect(server.url)
    ask(client)
    said = [drop, answer]

    def once(*args: object) -> None:
        said.pop(0)(*args)  # type: ignore[operator]

    server.say = once
    assert ask(client) == [2, 4]


def test_a_service_that_is_away_is_left_out_and_comes_back(
    connect: Connect, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr(Endpoint.__init__, "__defaults__", (lambda: now,))
    client = connect(server.url)
    server.say = drop
    with pytest.raises(ModelUnavailable, match="try again in a moment"):
        ask(client)
    asked = len(server.requests)
    server.say = answer
    with pytest.raises(ModelUnavailable):  # at once, without asking
        ask(client)
    assert len(server.requests) == asked
    now += LEFT_OUT_S + 0.1
    assert ask(client) == [2, 4]
    assert ask(client) == [2, 4]


def test_whoever_waited_too_long_here_says_nothing_of_a_service(connect: Connect, server: Server) -> None:
    client = connect(server.url, timeout_s=1)
    token = queued_at.set(time.monotonic() - 2)
    for _ in range(5):
        with pytest.raises(ModelUnavailable):
            ask(client)
    queued_at.set(time.monotonic() + 60)
    assert ask(client) == [2, 4]
    queued_at.reset(token)


def test_where_a_service_is_left_out_one_asks_whether_it_is_back(
    connect: Connect, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr(Endpoint.__init__, "__defaults__", (lambda: now,))
    client = connect(server.url)
    server.say = drop
    for _ in range(3):
        for _ in range(5):
            with pytest.raises(ModelUnavailable):
                ask(client)
        now += LEFT_OUT_S + 0.1
    paths = [request["path"] for request in server.requests]
    # A request is sent a second time where the connection was dropped.
    assert paths == 2 * ["/v2/models/m/infer"] + 4 * ["/v2/health/ready"]


@pytest.mark.parametrize("bad", [refuse(503, "busy"), refuse(503, "unavailable"), drop])
def test_another_url_answers(connect: Connect, server: Server, bad: Callable[..., None]) -> None:
    with serving(bad) as other:
        client = connect(other.url, server.url, NOBODY)
        for _ in range(6):
            assert ask(client) == [2, 4]


def test_a_url_that_hangs_leaves_time_for_another(connect: Connect, server: Server) -> None:
    with serving(hang) as other:
        client = connect(other.url, server.url, timeout_s=6)
        assert [ask(client) for _ in range(4)] == [[2, 4]] * 4


def test_urls_take_turns(connect: Connect, server: Server) -> None:
    with serving() as other:
        client = connect(server.url, other.url)
        for _ in range(10):
            ask(client)
        assert len(server.requests) == len(other.requests) == 5


def test_readiness(connect: Connect, server: Server) -> None:
    server.say = refuse(200, "")
    assert connect(NOBODY, server.url).ready()
    assert not connect(NOBODY).ready()
    server.say = refuse(503, "unavailable")
    assert not connect(server.url).ready()


@pytest.mark.parametrize("size", [0, 10_000_000])
def test_an_answer_that_is_none(connect: Connect, server: Server, size: int) -> None:
    def say(handler: object, _: bytes) -> None:
        handler.send_response(200)  # type: ignore[attr-defined]
        handler.send_header("Content-Length", str(size))  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]
        handler.wfile.write(b"[" * size)  # type: ignore[attr-defined]

    server.say = say
    with pytest.raises(ModelUnavailable, match="can't be read"):
        ask(connect(server.url, timeout_s=60))
