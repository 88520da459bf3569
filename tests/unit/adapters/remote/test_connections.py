"""HTTP/1.1 as servers speak it on good and bad days."""

import gc
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from adapters.remote import connections
from adapters.remote.connections import (
    MAX_HEAD_BYTES,
    DeadlineOver,
    Dropped,
    HttpAnswer,
    HttpServer,
    NoAnswer,
    NoConnection,
    NotHttp,
)

Talk = Callable[[socket.socket], None]
LONG_S = 120.0


@contextmanager
def talking(talk: Talk) -> Iterator[str]:
    """A server that says something on each connection as soon as a request has begun, and closes it at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def listen() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    if not connection.recv(65_536):  # the test's end
                        return
                    try:
                        talk(connection)
                    except OSError:
                        continue

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            with socket.create_connection(("127.0.0.1", port)) as last:
                last.shutdown(socket.SHUT_WR)
            thread.join()


def saying(said: bytes) -> Talk:
    return lambda connection: connection.sendall(said)


def ask(url: str, seconds: float = LONG_S, body: bytes = b"") -> HttpAnswer:
    server = HttpServer(url)
    try:
        return server.exchange("POST", "/v2", {}, body, time.monotonic() + seconds)
    finally:
        server.close()


def test_an_answer_is_not_kept_until_garbage_is_collected() -> None:
    gc.collect()  # what other tests have left
    gc.disable()
    try:
        with talking(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nface")) as url:
            assert ask(url).body == b"face"
        assert not [each for each in gc.get_objects() if isinstance(each, HttpAnswer)]
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: b\r\nConnection: close\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nX-A: b\r\n\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello",
    ],
    ids=["length", "chunks", "end", "old", "interim"],
)
def test_an_answer_whose_end_is_said_in_any_way(said: bytes) -> None:
    with talking(saying(said)) as url:
        answer = ask(url)
    assert (answer.status, answer.headers["x-a"], answer.body) == (200, "b", b"hello")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"", Dropped),
        (b"HTTP/1.1 200 OK\r\nContent-Le", Dropped),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", Dropped),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", Dropped),
        (b"SSH-2.0-OpenSSH\r\n", NotHttp),
        (b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello", NotHttp),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", NotHttp),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2 * MAX_HEAD_BYTES, NotHttp),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * MAX_HEAD_BYTES, NotHttp),
    ],
    ids=[
        "nothing",
        "half a head",
        "half a body",
        "no last chunk",
        "another protocol",
        "no length",
        "two",
        "long head",
        "interim",
    ],
)
def test_what_is_no_answer(said: bytes, kind: type[NoAnswer]) -> None:
    with talking(saying(said)) as url, pytest.raises(kind):
        ask(url)


def test_a_body_beyond_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_ANSWER_BYTES", 1_000_000)
    said = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(3_000_000)
    with talking(saying(said)) as url, pytest.raises(NotHttp):
        ask(url)


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["head", "body"]
)
def test_an_answer_without_an_end_ends_at_the_deadline(said: bytes) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(said)
        for _ in range(600):
            connection.sendall(b"X")
            time.sleep(0.1)

    with talking(drip) as url, pytest.raises(DeadlineOver):
        ask(url, 0.5)


def test_a_refusal_before_the_request_is_read() -> None:
    said = b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    def refuse(connection: socket.socket) -> None:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1_000_000):
            pass

    with talking(refuse) as url:
        assert ask(url, body=bytes(20_000_000)).status == 413


def test_connections_are_kept_until_they_end() -> None:
    taken = []

    def twice(connection: socket.socket) -> None:
        taken.append(connection)
        said = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(said)
        connection.recv(65_536)
        connection.sendall(said)

    with talking(twice) as url:
        server = HttpServer(url)
        answers = 0
        while answers < 6:
            with suppress(Dropped):  # its end comes just now
                assert server.exchange("GET", "/v2", {}, b"", time.monotonic() + LONG_S).status == 200
                answers += 1
        server.close()
    assert len(taken) == 3


def test_whom_nobody_knows() -> None:
    with pytest.raises(NoConnection):
        ask("http://nobody.invalid", 30)


def test_a_lookup_that_hangs_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ended.wait(LONG_S) and [])
    began = time.monotonic()
    with pytest.raises(NoConnection):
        ask("http://name.invalid", 0.3)
    ended.set()
    assert time.monotonic() - began < LONG_S / 2


@pytest.mark.parametrize("url", ["http://host:99999", "http://" + 70 * "x" + "é.example"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (of several libraries)
        HttpServer(url)
