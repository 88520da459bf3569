"""A model service, at one URL or at several that do the same."""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any, TypeVar

import msgspec

from adapters.remote.endpoint import Endpoint, Reply, Unreachable, readable
from adapters.remote.protocol import (
    Answer,
    Parameters,
    Tensor,
    read_answer,
    write_request,
)
from application.ports.workers import queued_at
from domain.errors import BrokenModel, Busy, FaceServiceError, ModelUnavailable
from domain.models import ModelIdentity

T = TypeVar("T")

_TOLD = 0.9
"""Share of the time left that a service is told: one with too much to do says so before it is taken for dead."""
PROBE_S = 2.0
"""What asking a service whether it is ready may take."""


class TensorMetadata(msgspec.Struct):
    """What a service says about an input or an output; -1 is any length."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(msgspec.Struct):
    """What a service says about a model."""

    name: str
    platform: str = ""
    inputs: list[TensorMetadata] | None = None
    outputs: list[TensorMetadata] | None = None
    parameters: dict[str, Any] | None = None


class _ConfiguredValue(msgspec.Struct):
    string_value: str = ""


class _Configuration(msgspec.Struct):
    """Triton's model configuration, as far as we wrote it."""

    parameters: dict[str, _ConfiguredValue] = {}


class _IndexEntry(msgspec.Struct):
    name: str
    state: str = ""


class ModelServiceClient:
    """Asks one of several endpoints. Thread-safe."""

    def __init__(
        self,
        task: str,
        urls: Sequence[str],
        key: str,
        timeout_s: float,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        """Connect to nothing yet.

        Args:
            task: the service's, for messages.
            urls: of endpoints that serve the same models; at least one.
            key: FACE_SERVICE_KEY, or empty.
            timeout_s: for all that one piece of work asks of services.
            tls: see HttpServer.

        Raises:
            StartupError: one of the URLs is none.
        """
        self.task = task
        self._endpoints = [Endpoint(url, task, key, tls) for url in urls]
        self._timeout_s = timeout_s
        self._turn = count()

    def infer(
        self,
        model: ModelIdentity,
        inputs: Mapping[str, Tensor],
        parameters: Parameters,
        outputs: Sequence[str] = (),
    ) -> tuple[Answer, dict[str, Tensor]]:
        """Run a model; the answer is by exactly these weights.

        Raises:
            ModelUnavailable: no endpoint answers before the deadline.
            BrokenModel: an endpoint has other weights.
            FaceServiceError: see Endpoint.send.
        """

        def ask(endpoint: Endpoint, deadline: float) -> tuple[Answer, dict[str, Tensor]]:
            timeout_us = max(int((deadline - time.monotonic()) * _TOLD * 1e6), 1)
            body, header = write_request(inputs, {**parameters, "timeout": timeout_us}, outputs)
            reply = endpoint.send("POST", f"{endpoint.path(model.name)}/infer", deadline, body, header)
            with readable(self.task):
                answer, tensors = read_answer(reply.body, reply.header_length)
            if answer.model_name != (endpoint.model or model.name):
                raise ModelUnavailable(f"The {self.task} service's answer is of another model.")
            self._check(model, answer.parameters)
            return answer, tensors

        return self.first(ask)

    def describe(self, model: str) -> ModelMetadata:
        """What a service says about a model, whosever weights it has; raises as `infer`.

        Servers that say nothing of their own there, as Triton, are asked for its configuration.
        """

        def ask(endpoint: Endpoint, deadline: float) -> ModelMetadata:
            path = endpoint.path(model)
            found = self._decoded(endpoint.send("GET", path, deadline), ModelMetadata)
            if not found.parameters or "sha256" not in found.parameters:
                found.parameters = self._configured(endpoint, f"{path}/config", deadline)
            return found

        return self.first(ask)

    def metadata(self, model: ModelIdentity) -> Parameters:
        """What a service of ours says about a model that has these weights; raises as `infer`."""
        stated = self.describe(model.name).parameters or {}
        self._check(model, stated)
        return stated

    def installed(self, models: Iterable[ModelIdentity]) -> set[str]:
        """The names of those models that an endpoint has; raises as `infer`."""

        def ask(endpoint: Endpoint, deadline: float) -> set[str]:
            entries = self._decoded(
                endpoint.send("POST", "/v2/repository/index", deadline, b"{}"), list[_IndexEntry]
            )
            return {entry.name for entry in entries if entry.state == "READY"}

        if not any(endpoint.model for endpoint in self._endpoints):
            return self.first(ask) & {model.name for model in models}
        stated = (self.describe("").parameters or {}).get("sha256")
        return {model.name for model in models if stated in model.sha256}

    def ready(self) -> bool:
        """Whether an endpoint is ready, within PROBE_S."""
        with ThreadPoolExecutor(len(self._endpoints), "face-probe") as threads:
            return any(threads.map(self._is_ready, self._endpoints))

    def _is_ready(self, endpoint: Endpoint) -> bool:
        try:
            path = f"{endpoint.path('')}/ready" if endpoint.model else "/v2/health/ready"
            endpoint.send("GET", path, time.monotonic() + PROBE_S)
        except FaceServiceError:
            return False
        return True

    def close(self) -> None:
        """Close all connections."""
        for endpoint in self._endpoints:
            endpoint.close()

    def _deadline(self) -> float:
        began = queued_at.get()
        return (time.monotonic() if began is None else began) + self._timeout_s

    def _configured(self, endpoint: Endpoint, path: str, deadline: float) -> dict[str, Any]:
        """What a model's configuration says; nothing where a server has no such address."""
        try:
            found = self._decoded(endpoint.send("GET", path, deadline), _Configuration)
        except Unreachable:
            raise
        except ModelUnavailable:
            return {}
        return {name: value.string_value for name, value in found.parameters.items()}

    def _decoded(self, reply: Reply, kind: type[T]) -> T:
        with readable(self.task):
            return msgspec.json.decode(reply.body, type=kind)

    def first(self, ask: Callable[[Endpoint, float], T]) -> T:
        """What the first endpoint says that answers; one that hangs leaves time for the others."""
        deadline = self._deadline()
        refusal: Busy | ModelUnavailable = ModelUnavailable(
            f"The {self.task} service doesn't answer; try again in a moment."
        )
        for after, endpoint in enumerate(self._in_turn()):
            now = time.monotonic()
            end = now + (deadline - now) / (len(self._endpoints) - after)
            if not endpoint.admits(end):
                continue
            try:
                return ask(endpoint, end)
            except (Busy, Unreachable) as error:
                refusal = error
        raise refusal

    def _in_turn(self) -> Iterator[Endpoint]:
        """All endpoints, the least busy first, and equals in turn."""
        if len(self._endpoints) == 1:
            yield from self._endpoints
            return
        turn = next(self._turn)
        places = [(turn + place) % len(self._endpoints) for place in range(len(self._endpoints))]
        yield from sorted((self._endpoints[place] for place in places), key=lambda one: one.waiting)

    def _check(self, model: ModelIdentity, stated: Parameters) -> None:
        if stated.get("sha256") not in model.sha256:
            raise BrokenModel(f"The {self.task} service has other weights of {model.name}.")
        if model.dimensions is None:
            return
        if stated.get("dimensions") != model.dimensions:
            raise BrokenModel(f"The {self.task} service's {model.name} has other dimensions.")
        if stated.get("embeddings") != model.embeddings:
            raise BrokenModel(
                f"The {self.task} service is of another version: its embeddings are of another kind."
            )
