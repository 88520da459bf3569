"""Servers that behave as model services do on good and bad days."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import numpy as np

from adapters.remote.protocol import HEADER_LENGTH, Answer, read_request, write_answer
from domain.models import ModelIdentity

MODEL = ModelIdentity("m", frozenset({"a" * 64}), 2)

Say = Callable[[BaseHTTPRequestHandler, bytes], None]


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, header: int | None = None) -> None:
    """Send an answer; `header` is the length of the JSON in it, where that isn't all of it."""
    handler.send_response(status)
    if header is not None:
        handler.send_header(HEADER_LENGTH, str(header))
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def answer(
    handler: BaseHTTPRequestHandler,
    body: bytes,
    sha256: str = "a" * 64,
    dimensions: int = 2,
    embeddings: int = 1,
) -> None:
    """The input, doubled; and that it is ready."""
    if handler.path == "/v2/health/ready":
        send(handler, 200, b"{}")
        return
    _, inputs = read_request(body, handler.headers[HEADER_LENGTH])
    stated: dict[str, str | int | float | bool | None] = {
        "sha256": sha256,
        "dimensions": dimensions,
        "embeddings": embeddings,
    }
    said = Answer(model_name="m", parameters=stated, outputs=[])
    sent, header = write_answer(said, {"y": inputs["x"] * np.float32(2)}, {"y"})
    send(handler, 200, sent, header)


def refuse(status: int, code: str, words: str = "No.") -> Say:
    def say(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        send(handler, status, msgspec.json.encode({"error": words, "code": code}))

    return say


def ask_for_key(key: str, challenge: str) -> Say:
    """Answer those who bring the key, and tell all others to."""

    def say(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if handler.headers["Authorization"] == f"Bearer {key}":
            answer(handler, body)
            return
        handler.send_response(401)
        handler.send_header("WWW-Authenticate", challenge)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return say


def hang(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    time.sleep(100)
    handler.close_connection = True


def drop(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Close the connection instead of an answer."""
    handler.close_connection = True


def drip(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """An answer without an end, a byte at a time."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    for _second in range(1000):
        try:
            handler.wfile.write(b" ")
        except OSError:
            return
        time.sleep(0.1)


class _Listener(ThreadingHTTPServer):
    request_queue_size = 128  # with five, a few clients who connect at once wait for seconds
    daemon_threads = True


class Server:
    """A server whose behaviour can be changed."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self.requests: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.requests.append({**headers, "path": self.path})
                outer.say(self, body)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Listener(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["Server"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


@contextmanager
def serving(say: Say = answer) -> Iterator[Server]:
    with Server(say).running() as server:
        yield server
