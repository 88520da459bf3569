"""A model service, at one URL or at several that do the same."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TypeVar

import msgspec

from adapters.remote.endpoint import Endpoint, Unreachable
from adapters.remote.protocol import (
    Answer,
    MalformedMessage,
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


class ModelMetadata(msgspec.Struct):
    """What a service says about a model."""

    name: str
    parameters: dict[str, str | int | float | bool | None] = {}


class _IndexEntry(msgspec.Struct):
    name: str
    state: str = ""


class ModelServiceClient:
    """Asks one of several endpoints. Thread-safe."""

    def __init__(self, task: str, urls: Sequence[str], key: str, timeout_s: float) -> None:
        """Connect to nothing yet.

        Args:
            task: the service's, for messages.
            urls: of endpoints that serve the same models; at least one.
            key: FACE_SERVICE_KEY, or empty.
            timeout_s: for all that one piece of work asks of services.
        """
        self.task = task
        self._endpoints = [Endpoint(url, task, key) for url in urls]
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
            reply = endpoint.send("POST", f"/v2/models/{model.name}/infer", deadline, body, header)
            try:
                answer, tensors = read_answer(reply.body, reply.header_length)
            except MalformedMessage as error:
                raise ModelUnavailable(f"The {self.task} service's answer can't be read.") from error
            if answer.model_name != model.name:
                raise ModelUnavailable(f"The {self.task} service's answer is of another model.")
            self._check(model, answer.parameters)
            return answer, tensors

        return self._first(ask)

    def metadata(self, model: ModelIdentity) -> Parameters:
        """What a service says about a model that has these weights; raises as `infer`."""

        def ask(endpoint: Endpoint, deadline: float) -> Parameters:
            reply = endpoint.send("GET", f"/v2/models/{model.name}", deadline)
            try:
                found = msgspec.json.decode(reply.body, type=ModelMetadata)
            except (msgspec.DecodeError, RecursionError) as error:
                raise ModelUnavailable(f"The {self.task} service's answer can't be read.") from error
            self._check(model, found.parameters)
            return found.parameters

        return self._first(ask)

    def installed(self) -> set[str]:
        """The names of the models that an endpoint has; raises as `infer`."""

        def ask(endpoint: Endpoint, deadline: float) -> set[str]:
            reply = endpoint.send("POST", "/v2/repository/index", deadline)
            try:
                entries = msgspec.json.decode(reply.body, type=list[_IndexEntry])
            except (msgspec.DecodeError, RecursionError) as error:
                raise ModelUnavailable(f"The {self.task} service's answer can't be read.") from error
            return {entry.name for entry in entries if entry.state == "READY"}

        return self._first(ask)

    def ready(self) -> bool:
        """Whether an endpoint is ready, within PROBE_S."""
        with ThreadPoolExecutor(len(self._endpoints), "face-probe") as threads:
            return any(threads.map(self._is_ready, self._endpoints))

    def _is_ready(self, endpoint: Endpoint) -> bool:
        try:
            endpoint.send("GET", "/v2/health/ready", time.monotonic() + PROBE_S)
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

    def _first(self, ask: Callable[[Endpoint, float], T]) -> T:
        """What the first endpoint says that answers; one that hangs leaves time for the others."""
        deadline = self._deadline()
        refusal: Busy | ModelUnavailable = ModelUnavailable(
            f"The {self.task} service doesn't answer; try again in a moment."
        )
        for after, endpoint in enumerate(self._in_turn()):
            if not endpoint.admits():
                continue
            now = time.monotonic()
            try:
                return ask(endpoint, now + (deadline - now) / (len(self._endpoints) - after))
            except (Busy, Unreachable) as error:
                refusal = error
        raise refusal

    def _in_turn(self) -> Iterator[Endpoint]:
        """All endpoints, the least busy first, and equals in turn."""
        turn = next(self._turn)
        places = [(turn + place) % len(self._endpoints) for place in range(len(self._endpoints))]
        yield from sorted((self._endpoints[place] for place in places), key=lambda one: one.waiting)

    def _check(self, model: ModelIdentity, stated: Parameters) -> None:
        if stated.get("sha256") not in model.sha256:
            raise BrokenModel(f"The {self.task} service has other weights of {model.name}.")
        if model.dimensions is not None and stated.get("dimensions") != model.dimensions:
            raise BrokenModel(f"The {self.task} service's {model.name} has other dimensions.")
