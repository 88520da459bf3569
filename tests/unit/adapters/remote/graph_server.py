"""A server of bare networks, as Triton is one: it knows tensors, and nothing of photos or of us."""

from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import msgspec
import numpy as np

from adapters.onnx.engines.onnx_runtime import OnnxRuntimeSession
from adapters.onnx.session import InferenceSession, Shape
from adapters.remote.protocol import HEADER_LENGTH, Answer, read_request, write_answer
from domain.models import version_of
from tests.unit.adapters.remote.servers import send

MAX_JSON_BYTES = 64_000_000


@dataclass
class Graph:
    """A network that runs, and what is said of it."""

    session: InferenceSession
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    version: str
    parameters: dict[str, str]


def graph_of(model: bytes, sha256: str) -> Graph:
    """A prepared graph, with what `face-api models export` writes of it into config.pbtxt."""
    session = OnnxRuntimeSession(model)
    (given,) = session._session.get_inputs()
    return Graph(
        session,
        [_stated(given.name, session.input_shape)],
        [_stated(output, shape) for output, shape in session.output_shapes.items()],
        version_of(sha256),
        {**session.metadata, "sha256": sha256},
    )


def _stated(name: str, shape: Shape) -> dict[str, Any]:
    return {
        "name": name,
        "datatype": "FP32",
        "shape": [-1 if length is None else length for length in shape],
    }


@dataclass
class GraphServer:
    """What it says: pass it to `serving`."""

    graphs: dict[str, Graph]
    binary: bool = True
    """Whether it has the binary tensor extension."""
    asked: list[str] = field(default_factory=list)
    """Paths."""

    def __call__(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.asked.append(handler.path)
        match handler.path.strip("/").split("/"):
            case ["v2"]:
                extensions = ["binary_tensor_data"] if self.binary else []
                send(handler, 200, msgspec.json.encode({"name": "graphs", "extensions": extensions}))
            case ["v2", "health", "ready"]:
                send(handler, 200, b"{}")
            case ["v2", "repository", "index"]:
                send(
                    handler,
                    200,
                    msgspec.json.encode([{"name": name, "state": "READY"} for name in self.graphs]),
                )
            case ["v2", "models", name, *what] if name in self.graphs:
                self._model(handler, body, name, self.graphs[name], "/".join(what))
            case _:
                send(handler, 404, b'{"error": "there is no such model"}')

    def _model(
        self, handler: BaseHTTPRequestHandler, body: bytes, name: str, graph: Graph, what: str
    ) -> None:
        match what:
            case "infer":
                self._infer(handler, body, name, graph)
            case "config":
                stated = {key: {"string_value": value} for key, value in graph.parameters.items()}
                send(handler, 200, msgspec.json.encode({"name": name, "parameters": stated}))
            case "ready":
                send(handler, 200, b"")
            case _:
                said = {"name": name, "platform": "onnxruntime_onnx", "versions": [graph.version]}
                send(
                    handler,
                    200,
                    msgspec.json.encode({**said, "inputs": graph.inputs, "outputs": graph.outputs}),
                )

    def _infer(self, handler: BaseHTTPRequestHandler, body: bytes, name: str, graph: Graph) -> None:
        length = handler.headers[HEADER_LENGTH]
        if length is not None and not self.binary:
            send(handler, 400, b'{"error": "what is this?"}')
            return
        request, inputs = read_request(body, length, MAX_JSON_BYTES)
        (batch,) = inputs.values()
        outputs = {key: np.asarray(value, np.float32) for key, value in graph.session.run(batch).items()}
        answer = Answer(model_name=name, model_version=graph.version, outputs=[])
        wanted = {output.name for output in request.outputs}
        sent, header = write_answer(answer, outputs, wanted if self.binary else set())
        send(handler, 200, sent, header)
