"""One model service at one URL: kept connections, a circuit breaker, and its words turned into our errors."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from threading import Lock
from typing import Any

import httpx
import msgspec
from typing_extensions import override

from adapters.remote.protocol import HEADER_LENGTH
from application.ports.workers import request_id
from domain import errors

MAX_CONNECTIONS = 256
"""To one URL."""
MAX_ANSWER_BYTES = 64_000_000
CONNECT_S = 1.0
"""Connecting to a service."""
LEFT_OUT_S = 1.0
"""A service that doesn't answer gets no request for so long; then one tries."""
_TIMEOUTS = 3
"""Timeouts in a row after which a service is left out; a refused connection is enough by itself."""
_KEPT_S = 4.0
"""Less than the idle timeout of our services."""
_SLICE_BYTES = 262_144
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


class _TimeLeft(dict[str, float]):
    """httpx's timeouts, which are for each step by itself, such that all of them together end at a deadline."""

    def __init__(self, deadline: float, clock: Callable[[], float]) -> None:
        super().__init__()
        self._deadline = deadline
        self._clock = clock

    @override
    def get(self, key: str, default: Any = None, /) -> float:
        """What is left when a step begins, in seconds; more than nothing, which would mean not to wait."""
        left = max(self._deadline - self._clock(), 0.001)
        return min(CONNECT_S, left) if key == "connect" else left


class _ServerMetadata(msgspec.Struct):
    extensions: list[str] = []


class Endpoint:
    """A model service. Thread-safe."""

    def __init__(self, url: str, task: str, key: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Connect to nothing yet.

        Args:
            url: scheme, host and port; with /v2/models/NAME, of this model of the server.
            task: what it is for, in messages.
            key: FACE_SERVICE_KEY, or empty.
            clock: in seconds.
        """
        self.url, _, self.model = url.rstrip("/").partition(_MODEL)
        self._task = task
        self._clock = clock
        self._client = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            limits=httpx.Limits(
                max_connections=MAX_CONNECTIONS,
                max_keepalive_connections=MAX_CONNECTIONS,
                keepalive_expiry=_KEPT_S,
            ),
            trust_env=False,
            follow_redirects=False,
        )
        self._lock = Lock()
        self._failures = 0
        self._left_out_until = 0.0
        self._binary: bool | None = None
        self.waiting = 0
        """Requests that it is answering."""

    def admits(self) -> bool:
        """Whether it may be asked; where it is left out, one caller a period may try."""
        with self._lock:
            if not self._left_out_until:
                return True
            if self._clock() < self._left_out_until:
                return False
            self._left_out_until = self._clock() + LEFT_OUT_S
            return True

    def path(self, model: str) -> str:
        """A model's address; `model` is its name in the catalogue."""
        return f"{_MODEL}{self.model or model}"

    def takes_binary(self, deadline: float) -> bool:
        """Whether it has the binary tensor extension; raises as `send`."""
        if self._binary is None:
            reply = self.send("GET", "/v2", deadline)
            try:
                found = msgspec.json.decode(reply.body, type=_ServerMetadata)
            except (msgspec.DecodeError, RecursionError) as error:
                raise errors.ModelUnavailable(f"The {self._task} service's answer can't be read.") from error
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
        with self._lock:
            self.waiting += 1
        try:
            for attempt in (1, 2):
                try:
                    reply = self._exchange(method, path, deadline, body, headers)
                except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
                    # All that we ask for is computation: repeating it does no harm.
                    if attempt == 2 or self._clock() >= deadline:  # noqa: PLR2004
                        self._failed(error, at_once=True)
                except httpx.TimeoutException as error:
                    self._failed(error, at_once=isinstance(error, httpx.ConnectTimeout))
                except httpx.HTTPError as error:
                    self._failed(error, at_once=True)
                else:
                    return reply
        finally:
            with self._lock:
                self.waiting -= 1
        raise AssertionError

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def _exchange(
        self, method: str, path: str, deadline: float, body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        remaining = deadline - self._clock()
        if remaining <= 0:
            raise httpx.ReadTimeout("the deadline is over")
        sent = {**headers, "Content-Length": str(len(body))} if body else headers
        request = self._client.build_request(
            method,
            path,
            content=self._slices(body, deadline) if body else None,
            headers=dict(sent),
            extensions={"timeout": _TimeLeft(deadline, self._clock)},
        )
        with closing(self._client.send(request, stream=True)) as response:
            parts, size = [], 0
            for part in response.iter_raw():
                parts.append(part)
                size += len(part)
                if self._clock() > deadline:
                    raise httpx.ReadTimeout("the deadline is over")
                if size > MAX_ANSWER_BYTES:
                    raise httpx.DecodingError("the answer is too long")
        found = b"".join(parts)
        if response.status_code == httpx.codes.OK:
            self._answered()
            return Reply(found, response.headers.get(HEADER_LENGTH))
        raise self._refused(response.status_code, found)

    def _slices(self, body: bytes, deadline: float) -> Iterator[bytes]:
        """A body in parts: a server that takes it slowly gets no more of it after the deadline."""
        for at in range(0, len(body), _SLICE_BYTES):
            if self._clock() > deadline:
                raise httpx.WriteTimeout("the deadline is over")
            yield body[at : at + _SLICE_BYTES]

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
        if status >= httpx.codes.BAD_GATEWAY:
            self._leave_out()
            return Unreachable(self._sentence())
        self._answered()
        if said.code in {"model_not_installed", "unknown_model"}:
            return errors.ModelUnavailable(f"The {self._task} service doesn't have this model.")
        return errors.ModelUnavailable(f"The {self._task} service refuses requests of this one.")

    def _answered(self) -> None:
        with self._lock:
            back, self._failures, self._left_out_until = self._left_out_until > 0, 0, 0.0
        if back:
            logger.info("%s service %s answers again", self._task, self.url)

    def _failed(self, error: httpx.HTTPError, *, at_once: bool) -> None:
        """Count a failure.

        Raises:
            Unreachable: always.
        """
        with self._lock:
            self._failures += 1
            enough = at_once or self._failures >= _TIMEOUTS
        if enough:
            self._leave_out(type(error).__name__)
        raise Unreachable(self._sentence()) from error

    def _leave_out(self, why: str = "unavailable") -> None:
        with self._lock:
            first = not self._left_out_until
            self._left_out_until = self._clock() + LEFT_OUT_S
            self._binary = None  # another server may come back
        if first:
            logger.warning("%s service %s doesn't answer (%s): left out", self._task, self.url, why)

    def _sentence(self) -> str:
        return f"The {self._task} service doesn't answer; try again in a moment."
