"""Networks on servers that offer no stages: tensors go there and come back, and all else is done on our side."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from adapters.remote.client import ModelMetadata, ModelServiceClient, TensorMetadata
from adapters.remote.connections import MAX_ANSWER_BYTES
from adapters.remote.endpoint import Endpoint, readable
from adapters.remote.protocol import (
    Answer,
    Tensor,
    read_answer,
    write_plain_request,
    write_request,
)
from application.ports.workers import ensure_wanted
from domain.errors import BrokenModel, ModelUnavailable
from domain.models import ModelIdentity

MAX_BATCH = 16
"""Inputs of a request: as many as the repositories allow that `face-api models export` writes."""
_FP32 = "FP32"

Shape: TypeAlias = tuple[int | None, ...]


class BareGraph:
    """A prepared graph on a server, as if it were a session of an engine in this process. Thread-safe."""

    def __init__(self, client: ModelServiceClient, model: ModelIdentity, stated: ModelMetadata) -> None:
        """Read what the server says about the graph.

        Args:
            client: of the server.
            model: whose graph it is to be.
            stated: by the server.

        Raises:
            BrokenModel: it has other weights, or a graph that isn't the prepared one.
        """
        self.metadata: Mapping[str, str] = {
            name: str(value) for name, value in (stated.parameters or {}).items()
        }
        if self.metadata.get("sha256") not in model.sha256:
            raise BrokenModel(
                f"The {client.task} service doesn't state that it has these weights of {model.name}."
            )
        inputs, outputs = stated.inputs or [], stated.outputs or []
        if len(inputs) != 1 or not outputs or {tensor.datatype for tensor in (*inputs, *outputs)} != {_FP32}:
            raise BrokenModel(f"The {client.task} service's graph of {model.name} has other tensors.")
        self._client = client
        self._model = model
        self._input = inputs[0].name
        self.input_shape: Shape = _shape(inputs[0])
        self.output_shapes: Mapping[str, Shape] = {output.name: _shape(output) for output in outputs}

    def run(self, batch: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        """The outputs, by name, for a batch of the input's shape.

        Raises:
            ModelUnavailable: no endpoint answers before the deadline, or the answer isn't what the graph gives.
            BrokenModel: the answer is of other weights.
            FaceServiceError: see Endpoint.send.
        """
        parts = [self._run(batch[at : at + MAX_BATCH]) for at in range(0, len(batch), MAX_BATCH)]
        if len(parts) == 1:
            return parts[0]
        return {name: np.concatenate([part[name] for part in parts]) for name in self.output_shapes}

    def _run(self, batch: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        ensure_wanted()
        inputs, outputs = {self._input: batch}, list(self.output_shapes)

        def ask(endpoint: Endpoint, deadline: float) -> tuple[Answer, dict[str, Tensor]]:
            if endpoint.takes_binary(deadline):
                body, header = write_request(inputs, {}, outputs)
            else:
                body, header = write_plain_request(inputs, outputs), 0
            path = f"{endpoint.path(self._model.name)}/infer"
            reply = endpoint.send("POST", path, deadline, body, header)
            with readable(self._client.task):
                return read_answer(reply.body, reply.header_length, MAX_ANSWER_BYTES)

        answer, found = self._client.first(ask)
        if answer.model_version not in self._model.versions:
            raise BrokenModel(
                f"The {self._client.task} service doesn't answer with the version of {self._model.name}"
                " that its weights have here."
            )
        return {name: self._output(found.get(name), name, len(batch)) for name in outputs}

    def _output(self, tensor: Tensor | None, name: str, count: int) -> NDArray[np.float32]:
        shape = self.output_shapes[name]
        if self.input_shape[0] is None and shape and shape[0] is None:
            shape = (count, *shape[1:])
        if (
            tensor is None
            or tensor.dtype != np.float32
            or tensor.ndim != len(shape)
            or any(length not in {None, there} for length, there in zip(shape, tensor.shape, strict=True))
            or not np.isfinite(tensor).all()
        ):
            raise ModelUnavailable(f"The {self._client.task} service's answer has no {name[:40]} that fits.")
        return tensor


def _shape(tensor: TensorMetadata) -> Shape:
    return tuple(None if length < 0 else length for length in tensor.shape)
