"""HTTP/1.1 to one server, over kept connections, for threads that wait: an exchange ends at its deadline.

httpx has a timeout for each step by itself, none for looking a name up, and takes several times as long.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any
from urllib.parse import quote, urlsplit

import httptools

from adapters.remote.lookup import addresses

MAX_CONNECTIONS = 256
"""To one server."""
MAX_ANSWER_BYTES = 64_000_000
MAX_HEAD_BYTES = 65_536
CONNECT_S = 1.0
"""Finding an address and connecting to it."""
KEPT_S = 4.0
"""How long a connection is kept without a request: less than the idle timeout of our services."""
_PART_BYTES = 262_144

_quoted = lru_cache(256)(quote)


class NoAnswer(Exception):
    """There is none that can be used; the text is for the log."""


class NoConnection(NoAnswer):
    """The server can't be reached, or is not whom it should be."""


class Dropped(NoAnswer):
    """The server has closed the connection."""


class DeadlineOver(NoAnswer):
    """The deadline has passed."""


class NotHttp(NoAnswer):
    """What came is no answer, or one that is too long."""


@dataclass(slots=True)
class HttpAnswer:
    """An answer, whatever its status."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    """By name in lower case; of several of a name the last."""
    body: bytes = b""


class HttpServer:
    """A server as its clients see it. Thread-safe."""

    def __init__(
        self,
        url: str,
        tls: Callable[[], ssl.SSLContext] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: http or https, host and port.
            tls: called for each connection: what is trusted and shown over https; None: the authorities that the
                system trusts, and nothing.
            clock: of the deadlines, in seconds.

        Raises:
            ValueError: it is no such URL.
        """
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if secure else 80)
        self._tls = (tls or _of_the_system()) if secure else None
        self._clock = clock
        self._head = f"Host: {parts.netloc.encode('idna').decode()}\r\n"
        self._lock = Lock()
        self._idle: list[tuple[socket.socket, float]] = []
        """With the time up to which each may be used; the last one was used last."""
        self._places: SimpleQueue[None] = SimpleQueue()
        """One for each connection that may be in use; threading's semaphore is written in Python."""
        for _ in range(MAX_CONNECTIONS):
            self._places.put(None)

    def exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> HttpAnswer:
        """Send a request, and wait for the whole answer.

        Raises:
            NoAnswer: see its kinds; the request may have been carried out all the same.
        """
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        length = f"Content-Length: {len(body)}\r\n" if body or method == "POST" else ""
        head = f"{method} {_quoted(path)} HTTP/1.1\r\n{self._head}{lines}{length}\r\n".encode("latin-1")
        try:
            self._places.get(timeout=self._left(deadline))
        except Empty as error:
            raise DeadlineOver("too many connections") from error
        try:
            connection = self._kept() or self._connected(deadline)
            reader = _Reader()
            try:
                self._send(connection, head, body, deadline)
                self._receive(connection, reader, deadline)
            except BaseException:
                connection.close()
                raise
            self._give_back(connection, reusable=reader.reusable)
        finally:
            self._places.put(None)
        return reader.answer

    def close(self) -> None:
        """Close the connections that no exchange uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def _left(self, deadline: float) -> float:
        left = deadline - self._clock()
        if left <= 0:
            raise DeadlineOver("the deadline is over")
        return left

    def _kept(self) -> socket.socket | None:
        """A connection that is open still."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection, until = self._idle.pop()
            if self._clock() < until and not _has_news(connection):
                return connection
            connection.close()

    def _give_back(self, connection: socket.socket, *, reusable: bool) -> None:
        if not reusable:
            connection.close()
            return
        with self._lock:
            self._idle.append((connection, self._clock() + KEPT_S))
            expired = [one for one, until in self._idle if until <= self._clock()]
            self._idle = self._idle[len(expired) :]  # in the order in which they were used
        for one in expired:
            one.close()

    def _connected(self, deadline: float) -> socket.socket:
        end = min(deadline, self._clock() + CONNECT_S)
        try:
            failure: OSError = TimeoutError("no address in time")
            for family, kind, protocol, _, address in addresses(self._host, self._port, self._left(end)):
                connection = socket.socket(family, kind, protocol)
                try:
                    connection.settimeout(self._left(end))
                    connection.connect(address)
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    if self._tls is None:
                        return connection
                    connection.settimeout(self._left(end))
                    return self._tls().wrap_socket(connection, server_hostname=self._host)
                except BaseException as error:
                    connection.close()
                    if not isinstance(error, OSError):
                        raise
                    failure = error
        except DeadlineOver as error:
            raise NoConnection("TimeoutError") from error
        except OSError as error:
            failure = error
        raise NoConnection(type(failure).__name__) from failure

    def _send(self, connection: socket.socket, head: bytes, body: bytes, deadline: float) -> None:
        view = memoryview(body)
        first = max(_PART_BYTES - len(head), 0)
        try:
            connection.settimeout(self._left(deadline))
            connection.sendall(head + view[:first])
            for at in range(first, len(view), _PART_BYTES):
                connection.settimeout(self._left(deadline))
                connection.sendall(view[at : at + _PART_BYTES])
        except TimeoutError as error:
            raise DeadlineOver("the request was not taken in time") from error
        except ssl.SSLError as error:
            raise NoConnection(type(error).__name__) from error
        except OSError:
            return  # it may have said why before it closed

    def _receive(self, connection: socket.socket, reader: "_Reader", deadline: float) -> None:
        reader.parser = parser = httptools.HttpResponseParser(reader)
        try:
            while not reader.complete:
                part = self._part(connection, deadline)
                if not part:
                    reader.end()
                    return
                reader.received += len(part)
                try:
                    parser.feed_data(part)
                except httptools.HttpParserError as error:
                    raise NotHttp("it can't be parsed, or is too long") from error
                reader.check()
        finally:
            reader.parser = None  # a cycle, which would keep the answer until garbage is collected

    def _part(self, connection: socket.socket, deadline: float) -> bytes:
        """What has come; empty at the connection's end."""
        connection.settimeout(self._left(deadline))
        try:
            return connection.recv(_PART_BYTES)
        except TimeoutError as error:
            raise DeadlineOver("no answer in time") from error
        except ssl.SSLError as error:  # such as that it doesn't take our certificate
            raise NoConnection(type(error).__name__) from error
        except OSError as error:
            raise Dropped(type(error).__name__) from error


class _Reader:
    """What the parser calls as it reads an answer."""

    def __init__(self) -> None:
        self.answer = HttpAnswer()
        self.complete = False
        self.reusable = False
        self.received = 0
        """Bytes."""
        self.parser: Any = None
        self._body = bytearray()
        self._in_body = False

    def on_message_begin(self) -> None:
        if self.complete:
            raise NotHttp("there is more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.answer.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.answer.status = self.parser.get_status_code()
        self._in_body = True

    def on_body(self, part: bytes) -> None:
        self._body += part

    def on_message_complete(self) -> None:
        self._in_body = False
        if self.answer.status < 200:  # noqa: PLR2004 (an answer follows)
            self.answer = HttpAnswer()
            return
        self.reusable = self.parser.should_keep_alive()
        self._finish()

    def check(self) -> None:
        """Raises NotHttp where there is more than an answer may have."""
        if self.received > (MAX_ANSWER_BYTES if self._in_body or self.complete else MAX_HEAD_BYTES):
            raise NotHttp("it is too long")

    def end(self) -> None:
        """The server has closed the connection: that is how an answer without a length ends; raises Dropped."""
        headers = self.answer.headers
        if not self._in_body or "content-length" in headers or "transfer-encoding" in headers:
            raise Dropped("it closed the connection")
        self._finish()

    def _finish(self) -> None:
        self.complete = True
        self.answer.body = bytes(self._body)


def _of_the_system() -> Callable[[], ssl.SSLContext]:
    context = ssl.create_default_context()
    return lambda: context


def _has_news(connection: socket.socket) -> bool:
    """Whether there is something to read where nothing was asked for: most likely the end."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
