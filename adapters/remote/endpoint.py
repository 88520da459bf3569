"""One model service at one URL: kept connections, a circuit breaker, and its words turned into our errors."""

import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from typing import Any, Never

import msgspec

from adapters.remote.connections import DeadlineOver, Dropped, HttpAnswer, HttpServer, NoAnswer
from adapters.remote.protocol import CHALLENGE, HEADER_LENGTH, MalformedMessage
from application.errors import StartupError
from application.ports.workers import request_id, trace_headers
from domain import errors

LEFT_OUT_S = 0.25
"""A service that doesn't answer gets no request for so long; then it is asked whether it is ready."""
PROBE_S = 1.0
"""What that may take."""
_TIMEOUTS = 3
"""Timeouts in a row after which a service is left out; a refused connection is enough by itself."""
_SILENCE_S = 1.0
"""A service that was silent for less may have had no time."""
_READY = "/v2/health/ready"
_MODEL = "/v2/models/"
"""In a URL, before the name that the server gives the model."""
_BINARY = "binary_tensor_data"
"""The extension's name, as servers state it."""
REFUSALS: Mapping[str, type[errors.FaceServiceError]] = {
    kind.code: kind
    for kind in (
        errors.InvalidImage,
        errors.ImageTooLarge,
        errors.NoFaceDetected,
        errors.MultipleFaces,
        errors.BrokenModel,
        errors.Busy,
    )
}
"""What a service may say of a photo or of itself; anything else is a fault between the services."""

logger = logging.getLogger("face.remote")


@contextmanager
def readable(task: str) -> Iterator[None]:
    """Read an answer of a service for this task; ModelUnavailable where it isn't what was asked for."""
    try:
        yield
    except (MalformedMessage, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.ModelUnavailable(f"The {task} service's answer can't be read.") from error


class Unreachable(errors.ModelUnavailable):
    """Another URL of the service may answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer."""

    body: bytes
    header_length: str | None


class _Refusal(msgspec.Struct):
    error: str = ""
    code: str = ""


class _ServerMetadata(msgspec.Struct):
    extensions: list[str] = []


class Endpoint:
    """A model service. Thread-safe."""

    def __init__(
        self,
        url: str,
        task: str,
        key: str,
        tls: Callable[[], ssl.SSLContext] | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: scheme, host and port; with /v2/models/NAME, of this model of the server.
            task: what it is for, in messages.
            key: FACE_SERVICE_KEY, or empty.
            tls: see HttpServer.
            clock: in seconds.

        Raises:
            StartupError: it is no address of a server.
        """
        self.url, _, self.model = url.rstrip("/").partition(_MODEL)
        self._task = task
        self._key = {"Authorization": f"Bearer {key}"} if key else {}
        self._wants_key = False
        self._clock = clock
        try:
            self._server = HttpServer(self.url, tls, clock)
        except ValueError as error:
            raise StartupError(f"{self.url} is no address of a {task} service: {error}") from error
        self._lock = Lock()
        self._failures = 0
        self._left_out = False
        self._left_out_until = 0.0
        self._binary: bool | None = None
        self.waiting = 0
        """Requests that it is answering."""

    def admits(self, deadline: float) -> bool:
        """Whether it may be asked; where it is left out, one caller a period finds out whether it is back."""
        now = self._clock()
        with self._lock:
            if not self._left_out:
                return True
            if now < self._left_out_until:
                return False
            end = min(deadline, now + PROBE_S)
            self._left_out_until = end + LEFT_OUT_S
        try:
            self.send("GET", _READY, end)
        except Unreachable:
            self._leave_out()
            return False
        except errors.FaceServiceError:  # it answers
            pass
        return True

    def path(self, model: str) -> str:
        """A model's address; `model` is its name in the catalogue."""
        return f"{_MODEL}{self.model or model}"

    def takes_binary(self, deadline: float) -> bool:
        """Whether it has the binary tensor extension; raises as `send`."""
        if self._binary is None:
            reply = self.send("GET", "/v2", deadline)
            with readable(self._task):
                found = msgspec.json.decode(reply.body, type=_ServerMetadata)
            self._binary = _BINARY in found.extensions
        return self._binary

    def send(self, method: str, path: str, deadline: float, body: bytes = b"", header: int = 0) -> Reply:
        """Send a request, and a second time if a kept connection turns out to be dead.

        Args:
            method: of HTTP.
            path: on the service.
            deadline: by the clock.
            body: of the request.
            header: length of the JSON in it; 0 if it is JSON alone.

        Raises:
            Unreachable: it doesn't answer, or stops.
            FaceServiceError: what it refuses, see REFUSALS; ModelUnavailable for what isn't there.
        """
        headers = {HEADER_LENGTH: str(header)} if header else {}
        if body:
            headers["Content-Type"] = "application/octet-stream" if header else "application/json"
        if (name := request_id.get()) is not None:
            headers["X-Request-Id"] = name
        headers.update(trace_headers.get())
        began = self._clock()
        with self._lock:
            self.waiting += 1
        try:
            answer = self._answer(method, path, headers, body, deadline)
        except DeadlineOver as error:
            if self._clock() - began >= _SILENCE_S:
                self._failed(error, at_once=False)
            raise Unreachable(self._sentence()) from error
        except NoAnswer as error:
            self._failed(error, at_once=True)
        finally:
            with self._lock:
                self.waiting -= 1
        if answer.status == HTTPStatus.OK:
            self._answered()
            return Reply(answer.body, answer.headers.get(HEADER_LENGTH))
        raise self._refused(answer.status, answer.body)

    def close(self) -> None:
        """Close its connections."""
        self._server.close()

    def _answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> HttpAnswer:
        """A second time where a connection was dropped, and with the key once a service of ours has asked for it.

        So servers that aren't ours don't get to know it.
        """
        dropped = False
        while True:
            wanted = self._wants_key
            sent = {**headers, **self._key} if wanted else headers
            try:
                answer = self._server.exchange(method, path, sent, body, deadline)
            except Dropped:
                if dropped:
                    raise
                dropped = True  # all that we ask for is computation: repeating it does no harm
                continue
            asked = (
                answer.status == HTTPStatus.UNAUTHORIZED
                and answer.headers.get("www-authenticate") == CHALLENGE
            )
            if not asked or wanted or not self._key:
                return answer
            self._wants_key = True

    def _refused(self, status: int, body: bytes) -> errors.FaceServiceError:
        try:
            said: Any = msgspec.json.decode(body, type=_Refusal)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            said = _Refusal()
        if kind := REFUSALS.get(said.code):
            self._answered()
            return kind(said.error)
        logger.warning(
            "%s service %s answers %d %.60s request=%s",
            self._task,
            self.url,
            status,
            said.code if said.code.isidentifier() else "-",
            request_id.get() or "-",
        )
        if status >= HTTPStatus.BAD_GATEWAY:
            self._leave_out()
            return Unreachable(self._sentence())
        self._answered()
        if said.code in {"model_not_installed", "unknown_model"}:
            return errors.ModelUnavailable(f"The {self._task} service doesn't have this model.")
        return errors.ModelUnavailable(f"The {self._task} service refuses requests of this one.")

    def _answered(self) -> None:
        with self._lock:
            back, self._failures, self._left_out = self._left_out, 0, False
        if back:
            logger.info("%s service %s answers again", self._task, self.url)

    def _failed(self, error: NoAnswer, *, at_once: bool) -> Never:
        """Count a failure.

        Raises:
            Unreachable: always.
        """
        with self._lock:
            self._failures += 1
            enough = at_once or self._failures >= _TIMEOUTS
        if enough:
            self._leave_out(f"{type(error).__name__}: {error}")
        raise Unreachable(self._sentence()) from error

    def _leave_out(self, why: str = "unavailable") -> None:
        with self._lock:
            first, self._left_out = not self._left_out, True
            self._left_out_until = self._clock() + LEFT_OUT_S
            self._binary, self._wants_key = None, False  # another server may come back
        if first:
            logger.warning("%s service %s doesn't answer (%s): left out", self._task, self.url, why)

    def _sentence(self) -> str:
        return f"The {self._task} service doesn't answer; try again in a moment."
